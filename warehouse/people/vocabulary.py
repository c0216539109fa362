"""The word lists of identity: hints about what an address or a display name is, never proof by themselves."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Providers that document "user+tag" as another spelling of "user" for every mailbox they host.
TAG_BLIND = _words(
    """gmail.com outlook.com hotmail.com live.com msn.com fastmail.com fastmail.fm proton.me protonmail.com
    pm.me icloud.com me.com mac.com zoho.com posteo.de mailbox.org"""
)

ROLE_LOCAL_PARTS = _words(
    """info information contact contacts hello hi hey hallo office mail post team admin administration
    administrator support help helpdesk service services sales billing invoice invoices accounting accounts
    finance payments orders order shop store jobs career careers recruiting hr people press media marketing
    events event booking bookings reservations reception frontdesk legal privacy security abuse compliance
    webmaster postmaster hostmaster sysadmin ops operations dev developers engineering it feedback enquiries
    inquiries customerservice customercare membership members newsletter news editor editors redaktion
    kontakt buero büro sekretariat poststelle rechnung rechnungen buchhaltung verwaltung vertrieb bewerbung
    contacto ventas administracion contato vendas accueil bureau secretariat commercial contatti
    segreteria biuro user test ubuntu docker"""
)
NOBODY_LOCAL_PARTS = _words("root nobody none null devnull anonymous unknown undisclosed-recipients")

TITLES = _words(
    """mr mrs ms miss mx dr prof professor sir dame herr frau mme mlle dott ing dipl mag sr sra don rev hon
    capt lt col gen"""
)
GENERATIONS = {"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "iii": "iii", "iv": "iv"}
CREDENTIALS = _words("phd dphil md mba msc bsc meng beng llm esq cpa cfa pmp cissp frcp")
# Short ones are family names too (Jack Ma): a degree only behind a comma.
CREDENTIALS_AFTER_COMMA = CREDENTIALS | _words("ma ba bs ms pe jd rn dds mph mp obe mbe kc qc")

NOT_PERSONAL = _words(
    """inc llc llp ltd limited gmbh mbh corp corporation bv sarl plc srl pty oyj kgaa ag kg company
    support team teams sales service services customer customers newsletter info notification notifications
    billing accounts account department dept group groups list lists mailing university universitat institute
    office admin administrator helpdesk shop news digest alert alerts bot daemon system security calendar
    conference meeting meetings committee association foundation society project developers users community
    editor editors marketing recruiting noreply reply the of for manager director engineer consultant
    undisclosed recipients robot mailinglist ml development maintainers subscribers"""
)
