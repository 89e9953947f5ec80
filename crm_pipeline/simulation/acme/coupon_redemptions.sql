select
    cast(redeemed_at as date) as arrives_on,
    'G' || coupon_id as coupon,
    person_key(people, redeemed_at) as redeemed_by,
    strftime(redeemed_at, '%Y-%m-%d %H:%M:%S') as redeemed_at,
    'K' || campaign_id as campaign
from coupon_redemptions
inner join people on coupon_redemptions.customer_id = people.customer_id
where person_key(people, redeemed_at) is not null
order by redeemed_at, coupon_id, people.customer_id
