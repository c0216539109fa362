"""Folder names, labels and flags in the languages that mail programs speak."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.places import of_labels, of_mailbox, of_maildir, of_message_file, of_name

# Gmail's own names for spam, trash, drafts and sent mail.
GMAIL = {
    "en": "Spam, Trash, Drafts, Sent",
    "de": "Spam, Papierkorb, Entwürfe, Gesendet",
    "fr": "Spam, Corbeille, Brouillons, Messages envoyés",
    "es": "Spam, Papelera, Borradores, Enviados",
    "it": "Spam, Cestino, Bozze, Inviati",
    "pt": "Spam, Lixo, Rascunhos, Correio enviado",
    "pt-BR": "Spam, Lixeira, Rascunhos, Enviados",
    "nl": "Spam, Prullenbak, Concepten, Verzonden",
    "pl": "Spam, Kosz, Wersje robocze, Wysłane",
    "sv": "Skräppost, Papperskorgen, Utkast, Skickat",
    "da": "Spam, Papirkurv, Kladder, Sendt",
    "no": "Søppelpost, Papirkurv, Utkast, Sendt",
    "fi": "Roskaposti, Roskakori, Luonnokset, Lähetetyt",
    "cs": "Spam, Koš, Koncepty, Odeslaná pošta",
    "tr": "Spam, Çöp Kutusu, Taslaklar, Gönderilmiş Postalar",
    "ru": "Спам, Корзина, Черновики, Отправленные",
    "uk": "Спам, Кошик, Чернетки, Надіслані",
    "ja": "迷惑メール, ゴミ箱, 下書き, 送信済み",
    "zh-CN": "垃圾邮件, 已删除邮件, 草稿, 已发邮件",
    "zh-TW": "垃圾郵件, 垃圾桶, 草稿, 寄件備份",
    "ko": "스팸함, 휴지통, 임시보관함, 보낸편지함",
}


@pytest.mark.parametrize("language", GMAIL)
def test_gmail_is_understood_in_its_languages(language: str) -> None:
    assert [of_name(name) for name in GMAIL[language].split(", ")] == ["spam", "trash", "draft", "sent"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("SPAM", "spam"),
        ("[Gmail]/Spam", "spam"),
        ("[Google Mail]/Papierkorb", "trash"),
        ("\\Sent", "sent"),
        ("Entwu\u0308rfe", "draft"),
        ("İstenmeyen", "spam"),
        ("Sent  Items", "sent"),
    ],
)
def test_a_name_is_understood_however_it_is_written(name: str, place: str) -> None:
    assert of_name(name) == place


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Inbox",
        "Spam-Projekt",
        "Not Spam",
        "Projects/Spam",
        "Sent to Ada",
        "Draftsmen",
        "Kosztorys",
        "x[Gmail]/Spam",
    ],
)
def test_a_name_that_only_holds_such_a_word_is_its_owners_own(name: str) -> None:
    assert of_name(name) == ""


def test_the_most_unwanted_label_wins() -> None:
    assert of_labels(["Sent", "Entwürfe", "Trash", "Work"]) == "trash"
    assert of_labels(["Work", "Sent"]) == "sent"
    assert of_labels([]) == ""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("Sent", "sent"),
        ("Sent.mbox", "sent"),
        ("Mail/Junk.mbox/mbox", "spam"),
        ("[Gmail].sbd/Trash", "trash"),
        ("Trash.sbd/2019", "trash"),
        ("Drafts/thesis.mbox", ""),
        ("All mail Including Spam and Trash.mbox", ""),
        ("archive.mbox", ""),
    ],
)
def test_a_mailbox_file_is_named_after_its_folder(path: str, place: str) -> None:
    assert of_mailbox(path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("Drafts/1.eml", "draft"),
        ("Sent.mbox/4F/Data/Messages/12.partial.emlx", "sent"),
        ("Sent.eml", ""),
        ("Trash/old/1.eml", ""),
    ],
)
def test_a_message_file_lies_in_its_folder(path: str, place: str) -> None:
    assert of_message_file(path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("cur/170.x:2,S", ""),
        ("cur/170.x:2,ST", "trash"),
        ("cur/170.x;2,DS", "draft"),
        ("cur/170.x!2,T", "trash"),
        ("new/170.DT", ""),
        (".Sent/cur/170.x:2,S", "sent"),
        (".Sent/cur/170.x:2,T", "trash"),
        (".INBOX.Trash.2019/cur/170.x:2,S", "trash"),
        ("INBOX.Junk/cur/170.x", "spam"),
        ("[Gmail]/Spam/cur/170.x", "spam"),
        (".Entw&APw-rfe/new/170.x", "draft"),
        (".[Gmail].Corbeille/cur/170.x", "trash"),
        ("Dr. Bin/cur/170.x", ""),
        (".R&-D/cur/170.x", ""),
    ],
)
def test_a_maildir_tells_by_flags_and_folders(path: str, place: str) -> None:
    assert of_maildir(path) == place


@given(st.text(max_size=60))
def test_any_path_has_a_place_or_none(path: str) -> None:
    for place in (of_maildir(path), of_mailbox(path), of_message_file(path), of_maildir(f".&{path}-/cur/1")):
        assert place in ("", "spam", "trash", "draft", "sent")
