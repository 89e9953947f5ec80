"""Exports of three shops that nobody has seen before: other languages, layouts and habits, with known totals."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

FIRST = date(2023, 1, 2)
DAYS = 500


@dataclass
class Shape:
    """What was written, and what must come out: good lines, their quantity and amount, customers and products."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    lines: int = 0
    quantity: int = 0
    amount: Decimal = Decimal(0)
    rejected: int = 0
    customers: set[str] = field(default_factory=set)

    def add(self, customer: str, quantity: int, amount: Decimal) -> None:
        """Count one good line."""
        self.lines += 1
        self.quantity += quantity
        self.amount += amount
        self.customers.add(customer)

    def write(self, name: str, lines: list[str], encoding: str = "utf-8", end: str = "\n") -> Path:
        """Write a text file and remember it."""
        path = self.folder / name
        path.write_bytes((end.join(lines) + end).encode(encoding))
        self.files.append(path)
        return path


def _orders(random_: random.Random, customers: int) -> list[tuple[int, int, date]]:
    """Order number, customer and day, in order of time: each customer comes back about every twenty days."""
    found = []
    for customer in range(customers):
        day = random_.randrange(60)
        while day < DAYS:
            found.append((day, customer))
            day += 1 + int(random_.expovariate(1 / random_.choice([10, 20, 60])))
    return [(number, customer, FIRST + timedelta(days=day)) for number, (day, customer) in enumerate(sorted(found), 1)]


def _comma(amount: Decimal) -> str:
    whole, _, cents = f"{amount:.2f}".partition(".")
    grouped = f"{int(whole):,}".replace(",", ".")
    return f"{grouped},{cents}"


def german(folder: Path, customers: int = 120) -> Shape:
    """Flat lines in two yearly files (cp1252, `;`, dd.mm.yyyy, 1.234,50), the second one broken half-way."""
    random_, shape = random.Random(1), Shape(folder)
    files: dict[int, list[str]] = {}
    for number, customer, day in _orders(random_, customers):
        for position in range(random_.randrange(1, 4)):
            product, quantity = random_.randrange(30), random_.randrange(1, 4)
            amount = quantity * Decimal(random_.choice([399, 1250, 125000])) / 100
            files.setdefault(
                day.year, ["Bestell-Nr.;Pos.;Kundennummer;Bestelldatum;Artikelnr;Menge;Gesamtpreis"]
            ).append(
                f"{number};{position + 1};K{customer:04d};{day:%d.%m.%Y};A-{product:03d};{quantity};{_comma(amount)}"
            )
            shape.add(f"K{customer:04d}", quantity, amount)
    files[2024].insert(len(files[2024]) // 2, '99999;1;"K0001;03.03.2024')  # a quote that nobody closes
    shape.rejected = 1
    for year, lines in files.items():
        shape.write(f"Bestellungen_{year}.csv", lines, "cp1252")
    places = ["Köln", "Düsseldorf", "Münster"]
    people = [
        f"K{n:04d};Jürgen {n};Grün;j{n}@beispiel.de;{random_.choice(places)};{random_.choice(['Nord', 'Süd'])}"
        for n in range(customers)
    ]
    shape.write("Kunden.csv", ["Kundennummer;Vorname;Nachname;E-Mail;Ort;Verkaufsgebiet", *people], "cp1252")
    goods = [f"A-{n:03d};Müsli Größe {n};{['Getränke', 'Süßes', 'Obst'][n % 3]}" for n in range(30)]
    shape.write("Artikel.csv", ["Artikelnr;Bezeichnung;Warengruppe", *goods], "cp1252")
    return shape


def french(folder: Path, customers: int = 120) -> Shape:
    """Orders and their lines in two files; dd/mm/yyyy, `12,50 €`, no amount of the line, tabs in one file."""
    random_, shape = random.Random(2), Shape(folder)
    heads, lines = ["N° commande,Client,Date de commande,Statut"], ["Commande\tRéf. article\tQté\tPrix unitaire"]
    for number, customer, day in _orders(random_, customers):
        heads.append(f"{number},C{customer},{day:%d/%m/%Y},livrée")
        for product in random_.sample(range(25), random_.randrange(1, 3)):
            quantity = random_.randrange(1, 4)
            price = Decimal(random_.choice([250, 990, 1999]) + product) / 100
            lines.append(f"{number}\tP{product}\t{quantity}\t{_comma(price)} €")
            shape.add(f"C{customer}", quantity, quantity * price)
    lines.append("999999\tP1\t1\t1,00 €")  # an order that is nowhere
    shape.rejected = 1
    shape.write("commandes.csv", heads)
    shape.write("lignes_commande.tsv", lines)
    shape.write(
        "clients.csv",
        ["Identifiant,Nom,Prénom,Courriel,Inscrit depuis"]
        + [f"C{n},Léger,Zoé {n},z{n}@exemple.fr,{1 + n % 28:02d}/11/2022" for n in range(customers)],
    )
    shape.write(
        "produits.csv", ["Réf,Libellé,Rayon", *(f"P{n},Thé n° {n},{['Thé', 'Café'][n % 2]}" for n in range(25))]
    )
    return shape


def polish(folder: Path, customers: int = 120) -> Shape:
    """Lines in UTF-16 with dates and times apart and a product column that only its values explain; JSON tickets."""
    random_, shape = random.Random(3), Shape(folder)
    lines = ["Paragon;Klient;Data sprzedaży;Godzina;Symbol;Ilość;Wartość brutto"]
    tickets = []
    for number, customer, day in _orders(random_, customers):
        product, quantity = random_.randrange(40), random_.randrange(1, 4)
        amount = quantity * Decimal(random_.choice([450, 1299, 100550])) / 100
        grouped = _comma(amount).replace(".", " ")
        lines.append(
            f"PA/{number};{1000 + customer};{day:%d-%m-%Y};{random_.randrange(8, 20):02d}:30;"
            f"S{product};{quantity};{grouped}"
        )
        shape.add(str(1000 + customer), quantity, amount)
        if number % 40 == 0:
            tickets.append(
                {"numer": f"Z{number}", "klient": 1000 + customer, "utworzono": f"{day}T10:00:00", "temat": "dostawa"}
            )
    shape.write("sprzedaz.csv", lines, "utf-16")
    shape.write(
        "towary.csv", ["Symbol;Nazwa;Kategoria", *(f"S{n};Żółty ser {n};{'AB'[n % 2]}" for n in range(40))], "cp1250"
    )
    shape.write("zgloszenia.jsonl", [json.dumps(ticket, ensure_ascii=False) for ticket in tickets])
    return shape
