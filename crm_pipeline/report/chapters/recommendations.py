"""What is offered and why, how it fared, and what is bought together."""

from __future__ import annotations

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk
from crm_pipeline.report.cells import Kind
from crm_pipeline.report.chapters.shared import against_rule, evidence

_PAIRS: tuple[tuple[str, str, Kind], ...] = (
    ("product", "head_product", "text"),
    ("other_product", "head_other_product", "text"),
    ("baskets", "head_baskets", "count"),
    ("confidence", "head_confidence", "share"),
    ("lift", "head_lift", "ratio"),
    ("lift_lower", "head_lift_lower", "ratio"),
)


_BUNDLES: tuple[tuple[str, str, Kind], ...] = (
    ("product_1", "head_product", "text"),
    ("product_2", "head_other_product", "text"),
    ("product_3", "head_third_product", "text"),
    ("baskets", "head_baskets", "count"),
    ("extra_baskets", "head_extra", "count"),
    ("lift", "head_lift", "ratio"),
    ("price", "head_price", "money"),
)


def recommendations(desk: Desk) -> list[Block]:
    """What is offered and why, how it fared, and what is bought together."""
    reasons, say = desk.read["list_reasons"], desk.words.say
    if not reasons:
        known = desk.read["products_known"]  # empty before the table is
        has_products = not known or any(known.numbers("products"))
        return [desk.nothing("list_reasons", "recommendations", "nothing_yet" if has_products else "no_products")]
    names = [desk.words.name("reason", item) for item in reasons.column("reason")]
    blocks = [
        desk.figure(
            "list_reasons",
            "list_reasons",
            [
                say(
                    "says_list_reasons",
                    share=reasons.cell(0, "share", "share"),
                    reason=names[0],
                    customers=reasons.cell(0, "customers", "count"),
                )
            ],
            lambda name, words: svg.bars(
                name,
                words,
                names,
                reasons.numbers("share"),
                desk.words("axis_share_lists"),
                desk.words.shown("share"),
            ),
        )
    ]
    blocks += against_rule(desk, "lists_over_time", "says_lists_over_time", "axis_ndcg")
    blocks += evidence(desk, "list_evidence", "says_list_evidence", "ndcg_at_10")
    pairs, bundles = desk.read["affinities"], desk.read["bundles"]
    if pairs:
        given = {
            "first": pairs.cell(0, "product"),
            "second": pairs.cell(0, "other_product"),
            "baskets": pairs.cell(0, "baskets", "count"),
            "lift": pairs.cell(0, "lift", "ratio"),
            "confidence": pairs.cell(0, "confidence", "share"),
        }
        blocks.append(desk.table("affinities", "affinities", [say("says_affinities", **given)], _PAIRS))
    if bundles:
        given = {
            "first": bundles.cell(0, "product_1"),
            "second": bundles.cell(0, "product_2"),
            "extra": bundles.cell(0, "extra_baskets", "count"),
            "baskets": bundles.cell(0, "baskets", "count"),
        }
        blocks.append(desk.table("bundles", "bundles", [say("says_bundles", **given)], _BUNDLES))
    return blocks
