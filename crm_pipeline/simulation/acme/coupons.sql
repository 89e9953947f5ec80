select
    null as arrives_on,
    'G' || coupon_id as coupon,
    'A' || lpad(cast(product_id as varchar), 4, '0') as article,
    'K' || campaign_id as campaign
from coupons
order by coupon_id
