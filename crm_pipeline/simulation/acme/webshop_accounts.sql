-- who has ordered on the web
select
    cast(written_at as date) as arrives_on,
    number as "Kundennr",
    case
        when chance('web name', number) < 0.04 then substr(first_written, 1, 1) || '. ' || last_written
        when chance('web name', number) < 0.07 then last_written || ' ' || first_written
        else first_written || ' ' || last_written
    end as "Name",
    email as "E-Mail",
    phone as "Telefon",
    strftime(birth_date, '%d.%m.%Y') as "Geburtstag",
    street as "Straße",
    house_number as "Hausnr",
    postcode as "PLZ",
    city as "Ort",
    region as "Region",
    strftime(written_at, '%d.%m.%Y %H:%M') as "Angelegt"
from records
where system = 'web'
order by written_at, number
