select coupon_id, customer_id, redeemed_at, coalesce(campaign_id, 'none') as campaign_id, known_at
from staged_coupon_redemptions
where verdict = 'clean'
