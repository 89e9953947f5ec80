-- which records are one person's: per source of customers the number, and the person
select distinct
    case system when 'loyalty' then 'members' when 'web' then 'accounts' else 'subscribers' end as source,
    if(system = 'newsletter', 'newsletter:' || number, number) as customer_id,
    customer_id as person
from records
where cast(written_at as date) <= getvariable('through')
order by all
