from benchmarks import identity
from benchmarks.identity_adapter import resolve, resolve_rare


def test_one_person_has_one_label_and_a_suggestion_a_score() -> None:
    records = [
        identity.record("a", "Ivo Petkov", "dragonsmith@gmail.com"),
        identity.record("b", "Ivo Petkov", "dragonsmith@proton.me"),
        identity.record("c", "Ivo Petkov", "ivo@globex.example"),
    ]
    labels, [(left, right, score)] = resolve(records)
    assert labels[0] == labels[1] != labels[2]
    assert {left, right} in ({0, 2}, {1, 2})
    assert 0.3 <= score <= 1
    rare, _ = resolve_rare(records)
    assert len(set(rare)) == 1


def test_made_up_people_are_told_apart_whatever_the_order_of_records() -> None:
    records, truth = identity.population(200)
    found = identity.quality([(records, truth)], resolve)
    assert found.records == 200
    assert found.impure == 0
    assert found.reviewed_right >= found.merged_right
    assert identity.is_order_free(records)


def test_a_repository_and_its_mailmap_are_read(tmp_path) -> None:  # type: ignore[no-untyped-def]  # a fixture
    lines = [
        "Ivo Petkov\tivo@a.example\tIvo Petkov\tivo@a.example\t1\t2\t9",
        "ivo\tivo@laptop.example\tIvo Petkov\tivo@a.example\t1\t2\t3",
        "Mara Lind\tmara@b.example\tMara Lind\tmara@b.example\t1\t2\t5",
        "helper[bot]\tbot@b.example\thelper[bot]\tbot@b.example\t1\t2\t5",
    ]
    (tmp_path / "x.tsv").write_text("\n".join(lines), encoding="utf-8")
    records, truth = identity.load(tmp_path / "x.tsv")
    assert [record["n"] for record in records] == [9, 3, 5]
    assert truth[0] == truth[1] != truth[2]
    assert "| corroborated names | 3 |" in identity.report(tmp_path, [50])


def test_scores_are_told_in_bins() -> None:
    assert identity.calibration([(0.99, True), (0.985, True), (0.4, False)]) == [
        ("0.30 to 0.50", "1", "0.400", "0.000"),
        ("0.98 to 1.00", "2", "0.988", "1.000"),
    ]
