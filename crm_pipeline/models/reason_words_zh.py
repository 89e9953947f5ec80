"""The sentences of reasons in Chinese: of churn by feature (`reason_words` joins them to the others), and of the others."""

from __future__ import annotations

CHINESE_DIRECTIONS = {"raises": "流失风险升高", "lowers": "流失风险降低"}
CHINESE_SHAPES = {
    "whole": "{fact}；{direction}。",
    "window": "近 {days} 天",
    "generic": "{name}：{value}",
    "unknown": "未知",
    "colon": "：",
}
CHINESE = {
    "days_since_last_order": "距上次下单天数：{value}",
    "days_since_last_order_ratio": "沉默时间是平常间隔的 {value} 倍",
    "days_since_last_order_max_ratio": "沉默时间是以往最长间隔的 {value} 倍",
    "longer_gap_share": "以往间隔中约 {value} 比目前的更长",
    "silence_continued_share": "类似的间隔中约 {value} 又持续了一个月",
    "silent_30d_share": "以往日子中 {value} 之后一个月没有订单",
    "mean_gap_days": "{window}平均下单间隔天数：{value}",
    "geometric_mean_gap_days": "典型下单间隔天数：{value}",
    "std_gap_days": "下单间隔的波动天数：{value}",
    "max_gap_days": "{window}最长间隔天数：{value}",
    "last_gap_days": "最近两次下单间隔天数：{value}",
    "order_count": "{window}订单数：{value}",
    "order_day_count": "{window}下单天数：{value}",
    "frequency": "复购天数：{value}",
    "order_day_rate": "{value} 的日子有订单",
    "weighted_day_count": "下单天数（近期权重更高）：{value}",
    "active_week_count": "{window}有订单的周数：{value}",
    "active_30d_share": "{value} 的月份有订单",
    "expected_purchases": "仅由购买模型预期的下单天数：{value}",
    "probability_alive": "仍是客户的概率：{value}",
    "order_day_trend": "下单天数趋势：{value}（0 为平稳）",
    "order_day_change": "{window}下单天数变化：{value}",
    "spend_trend": "消费趋势：{value}（0 为平稳）",
    "spend_amount": "{window}消费 {value}",
    "total_spend": "累计消费 {value}",
    "monetary_value": "每个复购日消费 {value}",
    "mean_basket_amount": "{window}每单金额 {value}",
    "max_basket_amount": "最大一单：{value}",
    "line_count": "{window}订单行数：{value}",
    "mean_basket_line_count": "每单行数：{value}",
    "product_count": "{window}不同商品数：{value}",
    "new_product_count": "{window}新商品数：{value}",
    "category_count": "{window}不同品类数：{value}",
    "discount_share": "{window}比标价节省 {value}",
    "return_count": "{window}退货行数：{value}",
    "weekend_share": "{value} 的下单日在周末",
    "mean_order_hour": "通常在 {value} 点左右下单",
    "tenure_days": "距首次下单天数：{value}",
    "T": "距首次下单天数：{value}",
    "recency": "首次到最近一次下单的天数：{value}",
    "category_entropy": "品类多样性：{value}",
    "campaign_contact_count": "{window}营销触达次数：{value}",
    "days_since_last_contact": "距上次营销触达天数：{value}",
    "coupon_redemption_count": "{window}使用优惠券数：{value}",
}
OFFERS = {
    "due_again": "又到购买周期：买过 {order_count} 次，约每 {days_between_orders} 天一次，上次在 {days_since_last_ordered} 天前",
    "bought_often": "买过 {order_count} 次，上次在 {days_since_last_ordered} 天前",
    "bought_before": "曾经购买，{days_since_last_ordered} 天前",
    "goes_with": "与曾购买的 {related_product} 搭配",
    "popular_now": "当前热门：近 30 天 {product_order_count_30d} 个订单",
}
"""Why a product is on a list."""
SIGNS = {
    "amount": "金额远超店铺常见水平：{value}",
    "own_amount": "金额远超该客户平常水平：{value}",
    "burst": "该客户十分钟内的订单数：{value}",
    "quantity": "数量远超该产品常见水平：{value}",
    "quick_return": "高额商品在两天内退货：其中 {value}",
    "first_order": "首单金额非常大：{value}",
    "discount": "折扣占比远超常见水平：{value}",
    "ring": "十分钟内购物篮相同的客户数：{value}",
    "unusual_combination": "金额、数量、折扣和时间的组合不寻常",
}
"""What makes an order suspicious."""
OUTLIERS = {
    "order_count": "迄今订单数",
    "order_count_90d": "近 90 天订单数",
    "spend_amount": "迄今消费",
    "spend_amount_90d": "近 90 天消费",
    "mean_basket_amount": "平均订单金额",
    "max_basket_amount": "最大订单金额",
    "mean_basket_line_count": "每单行数",
    "product_count": "不同产品数",
    "return_count": "退货行数",
    "discount_share": "折扣占比",
    "coupon_redemption_count": "已用优惠券数",
    "sentence": "{name}：{value}（常见范围：{lower} 至 {upper}）",
}
"""Features that outliers are told by, and the sentence around one."""
