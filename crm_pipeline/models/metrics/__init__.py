"""Metrics: each is called as `roc_auc(truth, score, weights=None)`, and is passed as an object to the bootstrap."""

from crm_pipeline.models.metrics.calibration import calibration_slope, expected_calibration_error
from crm_pipeline.models.metrics.classification import (
    accuracy_at,
    brier,
    f1_at,
    lift_at,
    log_loss,
    pr_auc,
    precision_at,
    recall_at,
    roc_auc,
)
from crm_pipeline.models.metrics.ranking import (
    hit_rate_at_k,
    mrr_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    weighted_mean,
)
from crm_pipeline.models.metrics.regression import customer_mean, mae, normalized_gini, rmse, spearman, total_bias
from crm_pipeline.models.metrics.samples import Metric, Pairs, Sample, by_name, metric

PROBABILITY_METRICS = by_name(
    roc_auc,
    pr_auc,
    lift_at(0.05),
    lift_at(0.1),
    lift_at(0.2),
    brier,
    log_loss,
    expected_calibration_error,
    calibration_slope,
)
AMOUNT_METRICS = by_name(mae, rmse, total_bias, normalized_gini, spearman)

__all__ = [
    "AMOUNT_METRICS",
    "PROBABILITY_METRICS",
    "Metric",
    "Pairs",
    "Sample",
    "accuracy_at",
    "brier",
    "by_name",
    "calibration_slope",
    "customer_mean",
    "expected_calibration_error",
    "f1_at",
    "hit_rate_at_k",
    "lift_at",
    "log_loss",
    "mae",
    "metric",
    "mrr_at_k",
    "ndcg_at_k",
    "normalized_gini",
    "pr_auc",
    "precision_at",
    "precision_at_k",
    "recall_at",
    "recall_at_k",
    "rmse",
    "roc_auc",
    "spearman",
    "total_bias",
    "weighted_mean",
]
