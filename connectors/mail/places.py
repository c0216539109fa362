"""Where a message lies in its owner's mail: spam, trash, drafts and sent, by labels, folder names and flags.

Programs name these folders in their user's language, and exports keep the names. A name counts as a whole:
a label ``Spam-Projekt`` is its owner's own.
"""

import binascii
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

SPAM, TRASH, DRAFT, SENT, DELETED = "spam", "trash", "draft", "sent", "deleted"
IN_SENT_FOLDER = "sent folder"
UNWANTED = frozenset((SPAM, TRASH, DRAFT, DELETED))
_FIRST = (SPAM, TRASH, DRAFT, SENT)  # a draft in the trash is trash

# Gmail's names first, then those of Outlook, Apple Mail, Thunderbird and webmailers, by language.
_NAMES = {
    SPAM: """
        spam | junk | junk mail | junk e-mail | junk email | bulk mail | [spam]
        spamverdacht | junk-e-mail | unerwünscht | unerwünschte werbung
        indésirables | courrier indésirable | pourriel
        correo no deseado | correo basura | no deseado
        posta indesiderata | indesiderata
        correio eletrónico de lixo | lixo eletrônico | lixo eletrónico | lixo electrónico | e-mail de lixo
        ongewenste e-mail | ongewenste reclame | ongewenst
        wiadomości-śmieci | niechciane | wiadomości śmieci
        skräppost | uønsket e-mail | uønsket mail | uønsket post | uønsket
        søppelpost | nettsøppel | roskaposti
        nevyžádaná pošta | nevyžádané | istenmeyen | istenmeyen e-posta | gereksiz
        gereksiz e-posta | önemsiz
        спам | нежелательная почта | небажана пошта | небажана електронна пошта
        迷惑メール | スパム | 垃圾邮件 | 垃圾郵件 | 스팸함 | 스팸 | 정크 메일 | 스팸메일함""",
    TRASH: """
        trash | bin | deleted | deleted items | deleted messages | trash can | deleted mail
        papierkorb | gelöscht | gelöschte elemente | gelöschte objekte | gelöschte nachrichten
        corbeille | éléments supprimés | messages supprimés | poubelle
        papelera | papelera de reciclaje | elementos eliminados | mensajes eliminados | eliminados
        cestino | posta eliminata | eliminata | messaggi eliminati
        lixeira | lixo | caixote do lixo | itens excluídos | itens eliminados | itens apagados | excluídos
        reciclagem
        prullenbak | prullenmand | verwijderde items | verwijderde berichten | verwijderd
        kosz | elementy usunięte | usunięte
        papperskorgen | papperskorg | borttagna objekt | borttaget
        papirkurv | papirkurven | slettet post | slettede elementer | slettet | slettede
        søppel | søppelbøtte | søppelkurv
        roskakori | poistetut | poistetut viestit
        koš | odstraněná pošta | odstraněné | vymazané
        çöp kutusu | çöp | silinmiş öğeler | silinenler
        корзина | удаленные | удалённые | кошик | смітник | видалені
        ゴミ箱 | 削除済みアイテム | 削除済み | 已删除邮件 | 已删除 | 已删除的邮件 | 垃圾箱 | 回收站 | 废件箱
        垃圾桶 | 刪除的郵件 | 已刪除 | 휴지통 | 지운 편지함 | 지운편지함""",
    DRAFT: """
        drafts | draft
        entwürfe | entwurf | brouillons | brouillon | borradores | borrador | bozze | bozza
        rascunhos | rascunho | concepten | wersje robocze | robocze | szkice | utkast
        kladder | kladde | luonnokset | koncepty | rozepsané | taslaklar | taslak
        черновики | чернетки | 下書き | 草稿 | 草稿箱 | 草稿匣 | 임시보관함 | 임시 보관함""",
    SENT: """
        sent | sent mail | sent items | sent messages | sent-mail
        gesendet | gesendete elemente | gesendete objekte | gesendete nachrichten | gesendete
        envoyés | messages envoyés | éléments envoyés | envoyé | courrier envoyé
        enviados | elementos enviados | mensajes enviados | enviado | correo enviado
        inviati | posta inviata | inviata | messaggi inviati
        e-mails enviados | itens enviados | mensagens enviadas | enviadas | enviada | correio enviado
        verzonden | verzonden items | verzonden berichten
        wysłane | elementy wysłane | wysłano
        skickat | skickade | skickade meddelanden | skickade objekt | skickat mejl
        sendt | sendte | sendt post | sendt e-post | sendte elementer | sendte mails | sendte beskeder
        lähetetyt | lähetetyt viestit | lähetetty
        odeslaná pošta | odeslané | odeslaná
        gönderilmiş postalar | gönderilenler | gönderilmiş öğeler | gönderilmiş | gönderilen
        отправленные | надіслані | відправлені
        送信済み | 送信済みメール | 送信済みアイテム
        已发送 | 已发邮件 | 已发送邮件 | 已傳送 | 寄件備份 | 寄件備份匣
        보낸편지함 | 보낸 편지함""",
}
_PREFIXES = re.compile(r"^(?:\[(?:gmail|google mail|imap|googlemail)\]/|\\)")
_SUFFIXES = re.compile(r"\.(?:mbox|mbx|mboxrd|mboxo|mboxcl2?|sbd|eml|emlx|imapmbox|partial)$", re.IGNORECASE)
_MAILBOXES = (".mbox", ".sbd", ".imapmbox")  # folders that are themselves mailboxes
_MAIL_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")
_UTF_7 = re.compile(r"&([A-Za-z0-9+,]*)-")


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFC", name).casefold().replace("i\u0307", "i")  # of a Turkish capital
    return " ".join(folded.split())


_PLACES = {
    _folded(name): place
    for place, lines in _NAMES.items()
    for line in lines.strip().splitlines()
    for name in line.split(" | ")
}


@lru_cache(maxsize=4096)
def of_name(name: str) -> str:
    """The place that one label or folder name means, as a whole and in any language known; or nothing."""
    folded = _folded(name[:100])
    return _PLACES.get(_PREFIXES.sub("", folded, count=1), "")


def of_labels(names: Iterable[str]) -> str:
    """The place of a message with these labels; spam before trash before drafts before sent."""
    places = {of_name(name) for name in names}
    return next((place for place in _FIRST if place in places), "")


def of_mailbox(path: str) -> str:
    """The place of a mailbox file by its path: its own name, or a mailbox that it lies in
    (``Junk.mbox/mbox``, ``Trash.sbd/2019``, ``[Gmail]/Spam``)."""
    *folders, name = path.split("/")
    return of_labels([_stem(name), *(_stem(folder) for folder in folders if _is_mailbox(folder))])


def of_message_file(path: str) -> str:
    """The place of a file with one message: by the folder it lies in and the mailboxes around that."""
    folders = path.split("/")[:-1]
    return of_labels(
        _stem(folder) for i, folder in enumerate(folders, 1) if i == len(folders) or _is_mailbox(folder)
    )


def of_maildir(path: str) -> str:
    """The place of a message in a Maildir, by its flags D and T, else by its folders: Maildir++ writes
    ``.Trash.2019``, other programs ``Trash``; both IMAP's UTF-7 (RFC 3501 5.1.3) or plain UTF-8."""
    folders, _, name = path.rpartition("/")
    flags = _MAIL_FLAGS.search(name)
    if flags and "T" in flags[1]:
        return TRASH
    if flags and "D" in flags[1]:
        return DRAFT
    return _of_folders(folders)


@lru_cache(maxsize=1024)
def _of_folders(path: str) -> str:
    """The place of all messages in one folder of a Maildir."""
    return of_labels(_from_utf_7(part) for folder in path.split("/") for part in _levels(folder))


def with_sent(labels: tuple[str, ...], label_place: str) -> tuple[str, ...]:
    """Labels with ``sent`` among them, once, if it is one of them; ``sent folder`` if only its place says so.

    Gmail puts that label on what its owner sent and on nothing else. Into a folder people also move what
    others have sent them.
    """
    return (
        *(label for label in labels if label.lower() != SENT),
        SENT if label_place == SENT else IN_SENT_FOLDER,
    )


def _levels(folder: str) -> list[str]:
    """The names in one folder's name; only Maildir++ and Courier write a hierarchy with dots."""
    return folder.split(".") if folder.startswith((".", "INBOX.")) else [folder]


def _stem(name: str) -> str:
    return _SUFFIXES.sub("", name)


def _is_mailbox(folder: str) -> bool:
    return folder.lower().endswith(_MAILBOXES)


def _from_utf_7(name: str) -> str:
    """IMAP's modified UTF-7: ``Entw&APw-rfe`` is Entwürfe, ``&-`` an ampersand."""
    return _UTF_7.sub(lambda run: _run(run[1], run[0]), name) if "&" in name else name


def _run(text: str, written: str) -> str:
    try:
        data = binascii.a2b_base64(text.replace(",", "/") + "=" * (-len(text) % 4))
        return data.decode("utf-16-be") if text else "&"
    except ValueError:
        return written
