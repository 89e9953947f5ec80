"""Changes of columns, as they were noticed when each file was loaded."""

from crm_pipeline.quality import schema_changes
from crm_pipeline_tests.kit import assert_builds


def test_lists_what_each_file_changed_and_whether_it_is_the_newest() -> None:
    assert_builds(
        schema_changes,
        source_files="""source, file_name, sha256, loaded_at,  is_current, schema_changes
            lines, a.csv, 1, 2024-01-01, false,
            lines, a.csv, 2, 2024-01-02, true, "[{'column': qty, 'change': renamed, 'before': qty, 'after': units}]"
            lines, b.csv, 3, 2024-01-03, true, "[{'column': day, 'change': retyped, 'before': number, 'after': text}]"
            old,   c.csv, 4, 2024-01-03, false, "[{'column': x, 'change': new, 'before': NULL, 'after': text}]"
            same,  d.csv, 5, 2024-01-03, true, []""",
        expected="""source, file_name, sha256, known_since, column_name, change,  before, after, is_newest
                    lines,  a.csv,     2,      2024-01-02,  qty,         renamed, qty,    units, false
                    lines,  b.csv,     3,      2024-01-03,  day,         retyped, number, text,  true
                    old,    c.csv,     4,      2024-01-03,  x,           new,     ,       text,  false""",
    )
