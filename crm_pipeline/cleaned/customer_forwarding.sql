select source_customer_id, min(customer_id) as customer_id
from identity_assignments
where source_customer_id <> customer_id
group by source_customer_id
