select
    coupon.coupon_id,
    coalesce(coupon.product_id, 'any') as product_id,
    coalesce(coupon.campaign_id, 'none') as campaign_id,
    coalesce(coupon.known_at, campaigns.known_at, coupon.loaded_at) as known_at
from staged_coupons as coupon
left join campaigns on coupon.campaign_id = campaigns.campaign_id
where coupon.verdict = 'clean'
