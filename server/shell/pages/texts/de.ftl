# Die Worte der Seiten auf Deutsch.

title-wrong = Bitte prüfen Sie Ihre Angaben:
or = oder
optional = (freiwillig)
cancel = Abbrechen
continue = Weiter
continue-to = Weiter zu { $client }
the-app = die Anwendung
link-help = Hilfe
link-privacy = Datenschutz
link-imprint = Impressum
date-time = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }, { $time } Uhr (UTC)

## Anmelden

sign_in-title = Anmelden
client-continue = um mit { $client } fortzufahren
identifier = E-Mail-Adresse oder Benutzername
password = Passwort
sign-in = Anmelden
sign-in-with = Mit { $provider } anmelden

second_factor-title = Code eingeben
code = Code aus Ihrer Authenticator-App
code-hint = Sechs Ziffern, die sich jede halbe Minute ändern.
use-recovery-code = Stattdessen einen Wiederherstellungscode verwenden

recovery_code-title = Wiederherstellungscode verwenden
recovery-code = Wiederherstellungscode
recovery-code-hint = Einer der Codes, die Sie beim Einrichten des zweiten Schritts aufbewahrt haben. Jeder gilt einmal.
use-authenticator = Stattdessen die Authenticator-App verwenden

passkey-title = Passkey verwenden
passkey-text = Ihr Gerät fragt nach Fingerabdruck, Gesicht, Bildschirmsperre oder Sicherheitsschlüssel.
passkey-use = Mit Passkey anmelden
passkey-no-script = Passkeys benötigen JavaScript, das in diesem Browser ausgeschaltet ist.

choose_account-title = Konto auswählen
another-account = Anderes Konto verwenden

reauthenticate-title = Bitte bestätigen Sie, dass Sie es sind
reason-too-long-ago = Ihre Anmeldung liegt eine Weile zurück, und { $client } verlangt eine frische Anmeldung.
reason-asked = { $client } bittet Sie, sich noch einmal anzumelden.
reason-sensitive = Bevor Sie etwas so Wichtiges ändern, bestätigen Sie bitte, wer Sie sind.
reason-stronger = { $client } verlangt eine stärkere Art der Anmeldung.

## Devices

device-title = Gerät verbinden
device-text = Geben Sie den Code ein, den Ihr Gerät anzeigt.
device-compare = Prüfen Sie, ob Ihr Gerät genau diesen Code anzeigt.
user-code = Code auf dem Gerät
user-code-hint = Acht Buchstaben; Striche und Großschreibung spielen keine Rolle.
device-warning = Fahren Sie nur fort, wenn Sie dies gerade selbst begonnen haben, auf einem Gerät, das vor Ihnen steht. Wer Ihnen diesen Link oder Code geschickt hat, bekäme Zugriff auf Ihr Konto.
device_done-title = Ihr Gerät ist verbunden
device_done-text = Kehren Sie zu Ihrem Gerät zurück: { $client } macht von selbst weiter. Sie können diese Seite schließen.
device_done-denied = Ihr Gerät wurde nicht verbunden
device_done-denied-text = { $client } hat nichts erhalten. Sie können diese Seite schließen.

## Zustimmung

consent-title = { $client } bittet um Zugriff
client-host = Diese Anwendung sagt selbst, wer sie ist, unter { $host }. Hier hat sie niemand geprüft: Fahren Sie nur fort, wenn Sie sie kennen.
consent-scopes = Damit könnte die Anwendung
consent-claims = Außerdem bittet sie um folgende Angaben
consent-details = Im Einzelnen
consent-resources = Verwendet würde dieser Zugriff bei
consent-revocable = Sie können diesen Zugriff jederzeit in Ihrem Konto widerrufen.
allow = Erlauben
deny = Nicht erlauben
client-home = Über { $client }
client-policy = Datenschutzerklärung
client-terms = Nutzungsbedingungen

scope-openid = erfahren, wer Sie sind
scope-profile = Ihren Namen, Ihr Bild und weitere Profilangaben sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-address = Ihre Anschrift sehen
scope-phone = Ihre Telefonnummer sehen
scope-device_sso = Sie in anderen Apps desselben Anbieters auf diesem Gerät anmelden
scope-offline_access = diesen Zugriff behalten, während Sie abwesend sind

claim-name = Name
claim-given_name = Vorname
claim-family_name = Nachname
claim-middle_name = weiterer Vorname
claim-nickname = Spitzname
claim-preferred_username = Benutzername
claim-profile = Profilseite
claim-picture = Bild
claim-website = Webseite
claim-email = E-Mail-Adresse
claim-email_verified = bestätigte E-Mail-Adresse
claim-gender = Geschlecht
claim-birthdate = Geburtsdatum
claim-zoneinfo = Zeitzone
claim-locale = Sprache
claim-phone_number = Telefonnummer
claim-phone_number_verified = bestätigte Telefonnummer
claim-address = Anschrift
claim-updated_at = Datum der letzten Änderung

## Auf dem Weg hinaus

form_post-title = Einen Augenblick
form_post-text = Sie werden zu { $client } zurückgeleitet. Falls nichts geschieht, drücken Sie bitte den Knopf.
client-sign-out = { $client } möchte Sie abmelden.
sign_out-title = Abmelden?
sign_out-text = Sie werden hier und in den Anwendungen abgemeldet, die Sie von hier aus geöffnet haben.
sign-out = Abmelden
stay = Angemeldet bleiben
signed_out-title = Sie sind abgemeldet
signed_out-text = Auf einem Gerät, das auch andere benutzen, schließen Sie bitte zusätzlich den Browser.
signed_out-frame = Abmeldung von einer Anwendung

## Was nicht stimmte

complaint-wrong-credentials = Name und Passwort passen nicht zusammen. Bitte prüfen Sie beides und versuchen Sie es noch einmal.
complaint-wrong-password = Das ist nicht das Passwort dieses Kontos.
complaint-wrong-code = Dieser Code ist falsch oder nicht mehr gültig. Bitte geben Sie den Code ein, der jetzt angezeigt wird.
complaint-wrong-recovery-code = Dieser Wiederherstellungscode ist falsch oder wurde schon verwendet.
complaint-wrong-user-code = Kein Gerät wartet mit diesem Code. Prüfen Sie ihn, oder beginnen Sie auf dem Gerät von vorn.
complaint-missing = Bitte füllen Sie dieses Feld aus.
complaint-too-many = { $count ->
    [one] Zu viele Versuche. Bitte warten Sie eine Minute und versuchen Sie es dann erneut.
   *[other] Zu viele Versuche. Bitte warten Sie { $count } Minuten und versuchen Sie es dann erneut.
}
complaint-passkey-refused = Dieser Passkey wurde nicht angenommen. Bitte versuchen Sie es mit einem anderen oder auf andere Weise.
complaint-passkey-cancelled = Der Passkey wurde nicht verwendet. Sie können es noch einmal versuchen oder einen anderen Weg wählen.
complaint-upstream-failed = { $words } konnte nicht bestätigen, wer Sie sind. Bitte versuchen Sie es noch einmal oder auf andere Weise.
complaint-password-too-short = Das neue Passwort braucht mindestens { $count } Zeichen.
complaint-password-too-long = Das neue Passwort darf höchstens { $count } Zeichen haben.
complaint-password-too-common = Dieses Passwort probieren Angreifer als eines der ersten. Bitte wählen Sie ein anderes.
complaint-passwords-differ = Die beiden neuen Passwörter sind nicht gleich.
complaint-password-unchanged = Das ist Ihr bisheriges Passwort.
complaint-last-way-in = Sie melden sich nur mit diesem Passkey an. Fügen Sie zuerst einen weiteren hinzu oder legen Sie ein Passwort fest.
complaint-form-expired = Dieses Formular war zu lange geöffnet. Bitte versuchen Sie es noch einmal.
complaint-said = { $words }

## Fehler

error-detail = Für die Entwicklung
error-reference = Kennnummer
error-back = Zurück zu { $client }

error-bad-request-title = Diese Anfrage lässt sich nicht beantworten
error-bad-request-text = Die Anfrage, mit der Sie hierher kamen, ist ungültig. Sie stammt von: { $client }.
error-bad-request-remedy = Gehen Sie zurück und versuchen Sie es noch einmal. Geschieht es wieder, nennen Sie den Betreibern der Anwendung bitte die Kennnummer unten.
error-unknown-client-title = Diese Anwendung ist hier nicht bekannt
error-unknown-client-text = Der Link, der Sie hierher führte, nennt eine Anwendung, die nicht registriert ist.
error-unknown-client-remedy = Bitte prüfen Sie die Adresse, von der Sie kamen, oder fragen Sie die Betreiber der Anwendung.
error-bad-redirect-title = Wir können Sie nicht zurückleiten
error-bad-redirect-text = Sie sollten zu einer Adresse geleitet werden, die für diese Anwendung nicht registriert ist: { $client }. Zu Ihrer Sicherheit haben wir hier angehalten.
error-bad-redirect-remedy = Falls Sie das nicht erwartet haben, schließen Sie diese Seite. Andernfalls nennen Sie den Betreibern der Anwendung bitte die Kennnummer unten.
error-expired-title = Diese Seite gilt nicht mehr
error-expired-text = Es hat eine Weile gedauert, Sie sind schon fertig, oder der Link wurde in einem anderen Browser geöffnet.
error-expired-remedy = Bitte gehen Sie zurück zu der Anwendung, die Sie nutzen wollten, und melden Sie sich von dort aus an.
error-no-cookies-title = Cookies sind ausgeschaltet
error-no-cookies-text = Zum Anmelden ist ein Cookie nötig, und Ihr Browser hat keines gesendet.
error-no-cookies-remedy = Erlauben Sie Cookies für diese Seite und beginnen Sie bitte noch einmal in der Anwendung, die Sie nutzen wollten.
error-forged-title = Dieses Formular kam nicht von unserer Seite
error-forged-text = Zu Ihrem Schutz haben wir nicht ausgeführt, was es verlangte.
error-forged-remedy = Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
error-refused-title = Der Zugriff wurde verweigert
error-refused-text = Die Regeln dieses Dienstes erlauben Ihnen diese Anwendung zurzeit nicht: { $client }.
error-refused-remedy = Wenn Sie Zugriff haben sollten, wenden Sie sich an Ihre Administration und nennen Sie die Kennnummer unten.
error-upstream-title = Der andere Dienst hat nicht wie erwartet geantwortet
error-upstream-text = Der Dienst, mit dem Sie sich anmelden wollten, konnte uns nicht sagen, wer Sie sind.
error-upstream-remedy = Versuchen Sie es in einigen Minuten noch einmal, oder wählen Sie einen anderen Weg der Anmeldung.
error-not-found-title = Diese Seite gibt es nicht
error-not-found-text = Die Adresse führt ins Leere.
error-not-found-remedy = Prüfen Sie die Adresse, oder beginnen Sie in der Anwendung, die Sie nutzen wollten.
error-too-many-title = Zu viele Versuche
error-too-many-text = Es gab zu viele Versuche in kurzer Zeit.
error-too-many-remedy = Bitte warten Sie einige Minuten und versuchen Sie es dann noch einmal.
error-busy-title = Wir können gerade nicht antworten
error-busy-text = Der Dienst ist ausgelastet oder wird gerade gewartet.
error-busy-remedy = Bitte versuchen Sie es gleich noch einmal.
error-broken-title = Bei uns ist etwas schiefgegangen
error-broken-text = Es lag nicht an Ihnen, und der Vorfall wurde aufgezeichnet.
error-broken-remedy = Bitte versuchen Sie es noch einmal. Geschieht es wieder, nennen Sie uns die Kennnummer unten.

## Das Konto

account-title = Ihr Konto
nav-account = Überblick
nav-sessions = Sitzungen
nav-apps = Anwendungen
nav-password = Passwort
nav-passkeys = Passkeys
nav-authenticator = Authenticator
nav-recovery_codes = Wiederherstellung
overview-set = Eingerichtet
overview-unset = Nicht eingerichtet
overview-sessions = { $count ->
    [one] Auf einem Gerät angemeldet
   *[other] Auf { $count } Geräten angemeldet
}
overview-apps = { $count ->
    [0] Keine Anwendung hat Zugriff
    [one] Eine Anwendung hat Zugriff
   *[other] { $count } Anwendungen haben Zugriff
}
overview-passkeys = { $count ->
    [0] Noch keine
    [one] Ein Passkey
   *[other] { $count } Passkeys
}
overview-codes = { $count ->
    [0] Keine mehr übrig
    [one] Noch einer übrig
   *[other] Noch { $count } übrig
}

sessions-title = Wo Sie angemeldet sind
sessions-text = Beenden Sie jede Sitzung, die Sie nicht erkennen, und ändern Sie danach Ihr Passwort.
session-current = Dieser Browser
session-seen = Zuletzt gesehen am { $when }
session-began = Angemeldet am { $when }
session-end = Beenden
session-end-of = Sitzung auf { $device } beenden
session-end-others = Alle anderen Sitzungen beenden
session-end-all = Überall abmelden

apps-title = Anwendungen mit Zugriff
apps-text = Diese Anwendungen dürfen Ihr Konto so nutzen, wie Sie es erlaubt haben.
apps-none = Keine Anwendung hat Zugriff auf Ihr Konto.
app-granted = Erlaubt am { $when }
app-revoke = Widerrufen
app-revoke-of = Zugriff von { $client } widerrufen
grant-issued = Token ausgestellt am { $when }
grant-renewed = erneuert am { $when }
grant-end = Beenden
grant-end-of = Das Token beenden, das { $client } am { $when } erhielt

passkeys-title = Passkeys
passkeys-text = Mit einem Passkey melden Sie sich mit Fingerabdruck, Gesicht, Bildschirmsperre oder Sicherheitsschlüssel an. Er lässt sich nicht erraten und gilt nur für diese Seite.
passkey-added = Hinzugefügt am { $when }
passkey-used = zuletzt verwendet am { $when }
passkey-name = Name des neuen Passkeys
passkey-name-hint = Zum Beispiel: Telefon, Laptop, blauer Sicherheitsschlüssel.
passkey-name-of = Name des Passkeys { $name }
passkey-add = Passkey hinzufügen
passkey-rename = Umbenennen
passkey-rename-of = Passkey { $name } umbenennen
passkey-remove = Entfernen
passkey-remove-of = Passkey { $name } entfernen

authenticator-title = Authenticator-App
authenticator-text = Eine App auf Ihrem Telefon zeigt einen Code, den Sie nach dem Passwort eingeben. Wer nur Ihr Passwort kennt, kommt nicht hinein.
authenticator-begin = App einrichten
authenticator-scan = Scannen Sie dieses Bild mit Ihrer Authenticator-App.
authenticator-qr = QR-Code für Ihre Authenticator-App
authenticator-type = Falls Sie es nicht scannen können, geben Sie diesen Schlüssel in die App ein:
authenticator-code = Code, den die App anzeigt
authenticator-enrol = Fertigstellen
authenticator-done = Eine Authenticator-App ist eingerichtet seit: { $when }.
authenticator-remove = App entfernen

recovery_codes-title = Wiederherstellungscodes
recovery-codes-text = Wenn Sie Ihr Telefon oder Ihren Sicherheitsschlüssel nicht zur Hand haben, können Sie sich mit einem Wiederherstellungscode anmelden. Jeder Code gilt einmal.
recovery-codes-left = { $count ->
    [0] Sie haben keine Codes mehr.
    [one] Sie haben noch einen Code.
   *[other] Sie haben noch { $count } Codes.
}
recovery-codes-new = Neue Codes erzeugen
recovery-codes-replace = Ihre bisherigen Codes gelten dann nicht mehr.
recovery-codes-once = Drucken Sie diese Codes aus oder bewahren Sie sie an einem sicheren Ort auf. Sie werden nur dieses eine Mal angezeigt.
recovery-codes-kept = Ich habe sie aufbewahrt

password-title = Passwort
password-current = Bisheriges Passwort
password-new = Neues Passwort
password-hint = Mindestens { $count } Zeichen. Einige Wörter, die nichts miteinander zu tun haben, sind ein gutes Passwort.
password-repeat = Neues Passwort wiederholen
password-change = Passwort ändern

## Was erledigt ist

notice-password-changed = Ihr Passwort wurde geändert.
notice-session-ended = Die Sitzung wurde beendet.
notice-sessions-ended = Alle anderen Sitzungen wurden beendet.
notice-access-revoked = Die Anwendung hat keinen Zugriff mehr.
notice-grant-ended = Das Token ist beendet.
notice-passkey-added = Der Passkey wurde hinzugefügt.
notice-passkey-renamed = Der Passkey hat seinen neuen Namen.
notice-passkey-removed = Der Passkey wurde entfernt.
notice-authenticator-added = Ihre Authenticator-App ist eingerichtet.
notice-authenticator-removed = Die Authenticator-App wurde entfernt.

## Anfragen von Anwendungen

nav-requests = Anfragen
requests-title = Anfragen
requests-text = Diese Anwendungen warten auf Ihre Antwort. Sehen Sie sich jede an, bevor Sie entscheiden.
requests-none = Keine Anwendung wartet auf Ihre Antwort.
request-warning = Stimmen Sie nur zu, wenn Sie dies gerade selbst begonnen haben. Hat es jemand anderes begonnen, bekäme er Zugriff auf Ihr Konto.
request-message = Die Anwendung zeigt ebenfalls an:
request-until = Wartet bis { $when }
request-look = Ansehen
request-look-of = Anfrage von { $client } ansehen
request-refuse = Ablehnen
request-refuse-of = Anfrage von { $client } ablehnen
request_done-title = Sie haben zugestimmt
request_done-text = { $client } macht von selbst weiter. Sie können diese Seite schließen.
request_done-denied = Sie haben abgelehnt
request-code-title = Code für Anfragen
request-code-text = Mit einem Code können Anwendungen, die danach fragen, Ihnen nur Anfragen schicken, wenn sie ihn kennen.
request-code-there = Sie haben einen Code. Anwendungen, die danach fragen, können Ihnen nur Anfragen schicken, wenn sie ihn kennen.
request-code-label = Neuer Code
request-code-hint = Mindestens vier Zeichen. Verraten Sie ihn nur der Anwendung, die Sie benutzen.
request-code-set = Diesen Code behalten
request-code-remove = Code entfernen
notice-request-refused = Sie haben die Anfrage abgelehnt.
notice-request-code-set = Der Code ist gespeichert.
notice-request-code-removed = Der Code ist entfernt.
complaint-request-code = Ein Code hat 4 bis 64 Zeichen.
overview-requests = { $count ->
    [0] Keine Anwendung wartet auf Sie
    [one] Eine Anwendung wartet auf Sie
   *[other] { $count } Anwendungen warten auf Sie
}
