-- chance that hangs on the seed and what it is about alone, so that every query and every day draws the same
create macro draw(kind, key) as md5_number_lower(concat(kind, '|', getvariable('seed'), '|', key));
create macro chance(kind, key) as cast(draw(kind, key) % 1000000 as double) / 1000000;
create macro pick(choices, kind, key) as choices[1 + cast(draw(kind, key) % len(choices) as integer)];

-- under which number a person is met: the loyalty card once there is one, else the web account if there may be one
create macro person_key(person, moment) as
case when person.card is not null and person.joined_at <= moment then person.card when person.web_share > 0.1 then person.web_account end;

-- letters as a machine without marks writes them, as an e-mail address has them, and as most people write them in plain letters
create macro unmarked(text) as strip_accents(
    replace(replace(replace(replace(replace(translate(text, 'łŁıđĐ', 'lLidD'), 'ß', 'ss'), 'ø', 'oe'), 'Ø', 'Oe'), 'æ', 'ae'), 'þ', 'th')
);
create macro plain(text) as regexp_replace(
    unmarked(replace(replace(replace(replace(lower(text), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'å', 'aa')), '[^a-z]', '', 'g'
);
create macro initcap_plain(text) as unmarked(
    replace(replace(replace(replace(replace(replace(replace(replace(
        text, 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'å', 'aa'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue'), 'Å', 'Aa')
);

-- a letter too few, one twice, two changed round, or another in its place
create macro typo(text, spot, slip) as case slip
    when 0 then substr(text, 1, spot - 1) || substr(text, spot + 1)
    when 1 then substr(text, 1, spot) || substr(text, spot)
    when 2 then substr(text, 1, spot - 1) || substr(text, spot + 1, 1) || substr(text, spot, 1) || substr(text, spot + 2)
    else substr(text, 1, spot - 1) || if(substr(text, spot, 1) between '0' and '9', '4', 'e') || substr(text, spot + 1)
end;
create macro mistyped(text, share, kind, key) as case
    when length(text) > 3 and chance(kind, key) < share
        then typo(
            text,
            2 + cast(draw(concat(kind, ' spot'), key) % (length(text) - 2) as integer),
            cast(draw(concat(kind, ' slip'), key) % 4 as integer)
        )
    else text
end;
create macro phone_style(text, kind, key) as case cast(draw(kind, key) % 4 as integer)
    when 0 then text
    when 1 then replace(replace(text, '+49 ', '0'), ' ', '/')
    when 2 then replace(replace(text, '+', '00'), ' ', '')
    else replace(text, '+49 ', '0')
end;

set variable streets = [
    'Lindenweg', 'Am Markt', 'Hafenstraße', 'Gartenweg', 'Bahnhofstraße', 'Hauptstraße', 'Schillerstraße', 'Goethestraße', 'Mühlenweg',
    'Bergstraße', 'Kirchgasse', 'Rosenweg', 'Königsallee', 'Amselweg', 'Waldstraße', 'Birkenallee', 'Am Alten Friedhof',
    'Friedrich-Ebert-Straße', 'Brückenstraße', 'Feldweg', 'Sonnenallee', 'Kastanienweg', 'Ringstraße', 'Uferpromenade', 'Schloßstraße',
    'Parkstraße', 'Eichenweg', 'Turmstraße', 'Neuer Wall', 'Grüner Weg'
];
set variable cities = ['Berlin 10', 'Hamburg 20', 'München 80', 'Köln 50', 'Frankfurt 60', 'Leipzig 04', 'Düsseldorf 40', 'Bremen 28'];
