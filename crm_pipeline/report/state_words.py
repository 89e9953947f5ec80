"""The report's words for the state of data and models: checks and drift, each in English, German and Chinese."""

from __future__ import annotations

_TEXTS: dict[str, tuple[str, str, str]] = {
    "checks": ("Checks", "Prüfungen", "检查"),
    "says_checks_passed": (
        "All {checks} newest checks of {tables} tables passed.",
        "Alle {checks} neuesten Prüfungen von {tables} Tabellen sind bestanden.",
        "{tables} 张表的 {checks} 项最新检查全部通过。",
    ),
    "says_checks_failed": (
        "{passed} of the {checks} newest checks of {tables} tables passed. Of what stands now there are errors: "
        "{errors}, warnings: {warnings}.",
        "{passed} der {checks} neuesten Prüfungen von {tables} Tabellen sind bestanden. Am jetzigen Stand gibt es "
        "Fehler: {errors}, Warnungen: {warnings}.",
        "{tables} 张表的 {checks} 项最新检查中 {passed} 项通过。当前状态的错误：{errors}，警告：{warnings}。",
    ),
    "says_checks_standing": (
        "Errors ask for a look before the figures are used; warnings say what to keep in mind.",
        "Fehler vor dem Gebrauch der Zahlen ansehen; Warnungen sagen, was man im Kopf behalten sollte.",
        "使用数据前请先查看错误；警告是需要留意的事项。",
    ),
    "says_checks_calm": (
        "Nothing asks for a look.",
        "Nichts davon muss angesehen werden.",
        "没有需要查看的事项。",
    ),
    "says_checks_earlier": (
        "{earlier} failed at earlier snapshots only, most of them when little was known yet: they are listed last.",
        "{earlier} schlugen nur an früheren Stichtagen fehl, meist als noch wenig bekannt war: sie stehen zuletzt.",
        "{earlier} 项仅在较早的快照未通过，多因当时数据尚少：列于最后。",
    ),
    "head_parts": ("Snapshots", "Stichtage", "快照数"),
    "head_newest": ("Newest", "Zuletzt", "最近"),
    "drift": ("Drift", "Drift", "漂移"),
    "says_drift_none": (
        "At {day} nothing moved as far as its limit.",
        "Am {day} bewegte sich nichts bis an seine Grenze.",
        "在 {day}，没有任何指标达到其限值。",
    ),
    "says_drift_warning": (
        "At {day} {warnings} of the things watched moved beyond their limit: look at them before acting on the scores.",
        "Am {day} bewegten sich {warnings} der beobachteten Größen über ihre Grenze: vor dem Handeln ansehen.",
        "在 {day}，{warnings} 个受监测的指标超出限值：使用评分前请先查看。",
    ),
    "says_drift_failure": (
        "At {day} {failures} of the things watched moved far from what the model learned ({warnings} beyond their "
        "limit in all): do not act on the scores before you know why.",
        "Am {day} bewegten sich {failures} der beobachteten Größen weit von dem weg, was das Modell gelernt hat "
        "(über ihrer Grenze insgesamt {warnings}): erst die Ursache klären, dann nach den Werten handeln.",
        "在 {day}，{failures} 个受监测的指标已远离模型所学（共 {warnings} 个超出限值）：查明原因之前不要使用评分。",
    ),
    "says_drift_scores": (
        "The scores moved by {score_psi}, their limit is {score_limit}.",
        "Die Werte bewegten sich um {score_psi}, ihre Grenze ist {score_limit}.",
        "评分变化 {score_psi}，限值 {score_limit}。",
    ),
    "says_drift_feature": (
        "Furthest, measured by its limit of {feature_limit}, moved “{feature}”: by {feature_psi}.",
        "Am weitesten, gemessen an der Grenze von {feature_limit}, bewegte sich „{feature}“: um {feature_psi}.",
        "相对限值 {feature_limit}，变化最大的是“{feature}”：{feature_psi}。",
    ),
    "says_drift_chance": (
        "Among so few customers chance alone may do more than {warning_from}, the limit of crm.yaml: a higher limit is "
        "what chance passes only once in 1,000 times.",
        "Bei so wenigen Kunden kann der Zufall allein mehr bewirken als {warning_from}, die Grenze in crm.yaml: eine "
        "höhere Grenze ist das, was der Zufall nur einmal in 1.000 Fällen überschreitet.",
        "客户很少时，仅随机波动就可能超过 crm.yaml 中的限值 {warning_from}：更高的限值是随机波动千次仅超过一次的水平。",
    ),
    "score_reach": ("Scores", "Werte", "评分"),
    "feature_reach": ("The feature that moved most", "Am meisten bewegtes Merkmal", "变化最大的特征"),
    "limit_reach": ("Limit", "Grenze", "限值"),
    "axis_drift": (
        "population stability index in multiples of its limit",
        "Population Stability Index als Vielfaches seiner Grenze",
        "群体稳定性指数 PSI（限值的倍数）",
    ),
    "drifted": ("What moved", "Was sich bewegte", "发生变化的指标"),
}
STATE_WORDS: dict[str, dict[str, str]] = {
    language: {key: texts[place] for key, texts in _TEXTS.items()} for place, language in enumerate(("en", "de", "zh"))
}
