"""Words of the report in English, German and Chinese side by side: what was read, checks, drift, cohorts."""

from __future__ import annotations

_TEXTS: dict[str, tuple[str, str, str]] = {
    "state": (
        "Figures as published on {built_at} UTC (edition {version}).",
        "Zahlen, wie am {built_at} UTC veröffentlicht (Ausgabe {version}).",
        "数据发布于 {built_at} UTC（第 {version} 版）。",
    ),
    "subtitle": (
        "{project}, as of {day}: only what was known before that day counts.",
        "{project}, Stand {day}: es zählt nur, was vor diesem Tag bekannt war.",
        "{project}，截至 {day}：只计入该日之前已知的数据。",
    ),
    "rows_not_used": (
        "Rows by source",
        "Zeilen je Quelle",
        "各来源的行数",
    ),
    "says_rows": (
        "{read} rows were read (sources: {sources}); {rejected} of them broke a rule and were rejected, so "
        "that {share} of what was to be kept is clean. {duplicate} rows only repeated another one, which is no "
        "error. None is unaccounted for.",
        "{read} Zeilen wurden gelesen (Quellen: {sources}); {rejected} davon verletzten eine Regel und wurden "
        "abgelehnt, {share} dessen, was zu behalten war, ist sauber. {duplicate} Zeilen wiederholten nur eine "
        "andere, was kein Fehler ist. Keine bleibt unverbucht.",
        "共从 {sources} 个来源读取 {read} 行；{rejected} 行违反规则被拒绝，应保留的行中 {share} 合格。{duplicate} 行只是重复其他行，并非错误。没有一行去向不明。",
    ),
    "says_left_out": (
        "{left_out} rows are left out by the `where` of their source.",
        "{left_out} Zeilen lässt das `where` ihrer Quelle aus.",
        "{left_out} 行按来源的 `where` 不予采用。",
    ),
    "head_source_name": (
        "Source",
        "Quelle",
        "来源",
    ),
    "head_read": (
        "Read",
        "Gelesen",
        "读取",
    ),
    "head_clean": (
        "Kept",
        "Behalten",
        "保留",
    ),
    "head_rejected": (
        "Rejected",
        "Abgelehnt",
        "被拒绝",
    ),
    "head_rejected_share": (
        "Rejected, share",
        "Abgelehnt, Anteil",
        "被拒绝比例",
    ),
    "head_duplicate": (
        "Repeated",
        "Wiederholt",
        "重复",
    ),
    "expected_30d": (
        "Expected value of the days after, per 30 days",
        "Erwarteter Wert der Tage danach, je 30 Tage",
        "此后的预期价值，按每 30 天计",
    ),
    "says_expected_30d": (
        "The value expected of the next {days} days is drawn per 30 days, to be compared with the spend.",
        "Der für die nächsten {days} Tage erwartete Wert ist je 30 Tage gezeichnet, um ihn mit dem Umsatz zu "
        "vergleichen.",
        "未来 {days} 天的预期价值按每 30 天绘制，以便与消费比较。",
    ),
    "head_active": (
        "Active",
        "Aktive",
        "活跃客户",
    ),
    "head_churn_active": (
        "Churn, active ones",
        "Abwanderung der aktiven",
        "活跃客户流失概率",
    ),
    "head_risk_active": (
        "Value at risk, active ones",
        "Gefährdeter Wert der aktiven",
        "活跃客户风险价值",
    ),
    "says_segment_table": (
        "Customers, spend and expected value are of all; churn and value at risk of the active ones, who can "
        "still leave.",
        "Kunden, Umsatz und erwarteter Wert gelten für alle; Abwanderung und gefährdeter Wert für die aktiven, "
        "die noch gehen können.",
        "客户数、消费和预期价值针对全部客户；流失概率和风险价值仅针对仍可能流失的活跃客户。",
    ),
    "says_cohorts": (
        "Of the {customers} customers who first ordered in {month}, {share} ordered in month {age} after it.",
        "Von {customers} Kunden mit erster Bestellung in {month} bestellten {share} im Monat {age} danach.",
        "{month} 首次下单的 {customers} 位客户中，{share} 在此后第 {age} 个月下单。",
    ),
    "says_retention": (
        "On average {first} ordered in the month after their first order, and {last} in month {months}, which "
        "{cohorts} of {all} cohorts have reached. Months that fewer than a third of them have reached are left "
        "out.",
        "Im Mittel bestellten {first} im Monat nach der ersten Bestellung und {last} im Monat {months}, den "
        "{cohorts} von {all} Kohorten erreicht haben. Monate, die weniger als ein Drittel erreicht hat, fehlen.",
        "平均有 {first} 的客户在首单次月下单，第 {months} 个月为 {last}（{all} 个同期群中有 {cohorts} 个已达到）。不足三分之一同期群达到的月份不显示。",
    ),
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
    "check.of.ari_mean": (
        "Clusters should come out alike when the customers are drawn anew (adjusted Rand index)",
        "Gruppen sollten gleich ausfallen, wenn man die Kunden neu zieht (bereinigter Rand-Index)",
        "重新抽取客户时分群应保持一致（调整兰德指数）",
    ),
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
