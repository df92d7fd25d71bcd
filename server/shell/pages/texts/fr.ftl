# Les mots des pages en français.

title-wrong = Vérifiez votre saisie :
or = ou
optional = (facultatif)
cancel = Annuler
continue = Continuer
continue-to = Continuer vers { $client }
the-app = l’application
link-help = Aide
link-privacy = Confidentialité
link-imprint = Mentions légales
date-time = { $day } { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year } à { $time } UTC

## Connexion

sign_in-title = Connexion
client-continue = pour continuer vers { $client }
identifier = Adresse e-mail ou nom d’utilisateur
password = Mot de passe
sign-in = Se connecter
sign-in-with = Se connecter avec { $provider }

second_factor-title = Saisissez le code
code = Code de votre application d’authentification
code-hint = Six chiffres qui changent toutes les trente secondes.
use-recovery-code = Utiliser plutôt un code de secours

recovery_code-title = Utiliser un code de secours
recovery-code = Code de secours
recovery-code-hint = L’un des codes que vous avez conservés en activant la seconde étape. Chacun ne sert qu’une fois.
use-authenticator = Utiliser plutôt l’application d’authentification

passkey-title = Utilisez votre clé d’accès
passkey-text = Votre appareil vous demandera votre empreinte, votre visage, le verrouillage de l’écran ou une clé de sécurité.
passkey-use = Se connecter avec une clé d’accès
passkey-no-script = Les clés d’accès nécessitent JavaScript, qui est désactivé dans ce navigateur.

choose_account-title = Choisissez un compte
another-account = Utiliser un autre compte

reauthenticate-title = Confirmez que c’est bien vous
reason-too-long-ago = Votre connexion date un peu, et { $client } demande une connexion récente.
reason-asked = { $client } vous demande de vous connecter à nouveau.
reason-sensitive = Avant une modification aussi importante, veuillez confirmer votre identité.
reason-stronger = { $client } demande une connexion plus sûre.

## Devices

device-title = Connecter un appareil
device-text = Saisissez le code affiché par votre appareil.
device-compare = Vérifiez que votre appareil affiche bien ce code.
user-code = Code affiché sur l’appareil
user-code-hint = Huit lettres ; les tirets et les majuscules ne comptent pas.
device-warning = Ne continuez que si vous venez de commencer vous-même, sur un appareil qui est devant vous. La personne qui vous a envoyé ce lien ou ce code aurait accès à votre compte.
device_done-title = Votre appareil est connecté
device_done-text = Retournez à votre appareil : { $client } continue tout seul. Vous pouvez fermer cette page.
device_done-denied = Votre appareil n’a pas été connecté
device_done-denied-text = { $client } n’a rien obtenu. Vous pouvez fermer cette page.

## Consentement

consent-title = { $client } demande un accès
client-host = Cette application dit elle-même qui elle est, sur { $host }. Personne ici ne l’a examinée : ne continuez que si vous la connaissez.
consent-scopes = Cet accès permettrait de
consent-claims = Les informations suivantes sont aussi demandées
consent-details = En détail
consent-resources = Cet accès serait utilisé auprès de
consent-revocable = Vous pouvez retirer cet accès à tout moment dans votre compte.
allow = Autoriser
deny = Refuser
client-home = À propos de { $client }
client-policy = Politique de confidentialité
client-terms = Conditions d’utilisation

scope-openid = savoir qui vous êtes
scope-profile = voir votre nom, votre photo et d’autres éléments de votre profil
scope-email = voir votre adresse e-mail
scope-address = voir votre adresse postale
scope-phone = voir votre numéro de téléphone
scope-device_sso = vous connecter à d’autres applications du même éditeur sur cet appareil
scope-offline_access = conserver cet accès en votre absence

claim-name = nom complet
claim-given_name = prénom
claim-family_name = nom de famille
claim-middle_name = deuxième prénom
claim-nickname = surnom
claim-preferred_username = nom d’utilisateur
claim-profile = page de profil
claim-picture = photo
claim-website = site web
claim-email = adresse e-mail
claim-email_verified = adresse e-mail vérifiée
claim-gender = genre
claim-birthdate = date de naissance
claim-zoneinfo = fuseau horaire
claim-locale = langue
claim-phone_number = numéro de téléphone
claim-phone_number_verified = numéro de téléphone vérifié
claim-address = adresse postale
claim-updated_at = date de dernière modification

## Vers la sortie

form_post-title = Un instant
form_post-text = Vous êtes redirigé vers { $client }. Si rien ne se passe, appuyez sur le bouton.
client-sign-out = { $client } demande votre déconnexion.
sign_out-title = Se déconnecter ?
sign_out-text = Vous serez déconnecté ici et des applications que vous avez ouvertes à partir d’ici.
sign-out = Se déconnecter
stay = Rester connecté
signed_out-title = Vous êtes déconnecté
signed_out-text = Sur un appareil partagé avec d’autres personnes, fermez aussi le navigateur.
signed_out-frame = Déconnexion d’une application

## Ce qui n’allait pas

complaint-wrong-credentials = Ce nom et ce mot de passe ne correspondent pas. Vérifiez les deux, puis réessayez.
complaint-wrong-password = Ce n’est pas le mot de passe de ce compte.
complaint-wrong-code = Ce code est incorrect ou n’est plus valable. Saisissez celui qui est affiché maintenant.
complaint-wrong-recovery-code = Ce code de secours est incorrect ou a déjà servi.
complaint-wrong-user-code = Aucun appareil n’attend avec ce code. Vérifiez-le, ou recommencez sur l’appareil.
complaint-missing = Veuillez remplir ce champ.
complaint-too-many = { $count ->
    [one] Trop de tentatives. Attendez une minute, puis réessayez.
   *[other] Trop de tentatives. Attendez { $count } minutes, puis réessayez.
}
complaint-passkey-refused = Cette clé d’accès n’a pas été acceptée. Essayez-en une autre ou un autre moyen de connexion.
complaint-passkey-cancelled = La clé d’accès n’a pas été utilisée. Vous pouvez réessayer ou choisir un autre moyen.
complaint-upstream-failed = { $words } n’a pas pu confirmer votre identité. Réessayez ou choisissez un autre moyen.
complaint-password-too-short = { $count ->
    [one] Le nouveau mot de passe doit avoir au moins { $count } caractère.
   *[other] Le nouveau mot de passe doit avoir au moins { $count } caractères.
}
complaint-password-too-long = { $count ->
    [one] Le nouveau mot de passe doit avoir au plus { $count } caractère.
   *[other] Le nouveau mot de passe doit avoir au plus { $count } caractères.
}
complaint-password-too-common = Ce mot de passe est l’un des premiers que les attaquants essaient. Choisissez-en un autre.
complaint-passwords-differ = Les deux nouveaux mots de passe sont différents.
complaint-password-unchanged = C’est déjà votre mot de passe.
complaint-last-way-in = Cette clé d’accès est votre seul moyen de vous connecter. Ajoutez-en une autre ou définissez d’abord un mot de passe.
complaint-form-expired = Ce formulaire est resté ouvert trop longtemps. Veuillez réessayer.
complaint-said = { $words }

## Erreurs

error-detail = Pour l’équipe de développement
error-reference = Référence
error-back = Retour à { $client }

error-bad-request-title = Impossible de répondre à cette demande
error-bad-request-text = La demande qui vous a amené ici n’est pas valable. Elle vient de : { $client }.
error-bad-request-remedy = Revenez en arrière et réessayez. Si cela se reproduit, communiquez la référence ci-dessous aux responsables de l’application.
error-unknown-client-title = Cette application n’est pas connue ici
error-unknown-client-text = Le lien qui vous a amené ici désigne une application qui n’est pas enregistrée.
error-unknown-client-remedy = Vérifiez l’adresse de départ ou adressez-vous aux responsables de l’application.
error-bad-redirect-title = Nous ne pouvons pas vous renvoyer
error-bad-redirect-text = { $client } a demandé de vous envoyer à une adresse qui n’est pas enregistrée pour cette application. Pour votre sécurité, nous nous sommes arrêtés ici.
error-bad-redirect-remedy = Si vous ne vous y attendiez pas, fermez cette page. Sinon, communiquez la référence ci-dessous aux responsables de l’application.
error-expired-title = Cette page n’est plus valable
error-expired-text = Vous avez pris du temps, vous avez déjà terminé, ou ce lien a été ouvert dans un autre navigateur.
error-expired-remedy = Revenez à l’application que vous vouliez utiliser et connectez-vous à partir de là.
error-no-cookies-title = Les cookies sont désactivés
error-no-cookies-text = La connexion nécessite un cookie, et votre navigateur n’en a envoyé aucun.
error-no-cookies-remedy = Autorisez les cookies pour ce site, puis recommencez à partir de l’application que vous vouliez utiliser.
error-forged-title = Ce formulaire ne vient pas de notre page
error-forged-text = Pour vous protéger, nous n’avons pas fait ce qu’il demandait.
error-forged-remedy = Revenez en arrière, rechargez la page et réessayez.
error-refused-title = L’accès a été refusé
error-refused-text = Les règles de ce service ne vous permettent pas d’utiliser cette application pour le moment : { $client }.
error-refused-remedy = Si vous pensez devoir y accéder, adressez-vous à votre administrateur et donnez-lui la référence ci-dessous.
error-upstream-title = L’autre service n’a pas répondu comme prévu
error-upstream-text = Le service avec lequel vous vouliez vous connecter n’a pas pu nous dire qui vous êtes.
error-upstream-remedy = Réessayez dans quelques minutes ou choisissez un autre moyen de connexion.
error-not-found-title = Cette page n’existe pas
error-not-found-text = L’adresse ne mène nulle part.
error-not-found-remedy = Vérifiez l’adresse ou partez de l’application que vous vouliez utiliser.
error-too-many-title = Trop de tentatives
error-too-many-text = Il y a eu trop de tentatives en peu de temps.
error-too-many-remedy = Attendez quelques minutes, puis réessayez.
error-busy-title = Nous ne pouvons pas répondre pour l’instant
error-busy-text = Le service est très sollicité ou en maintenance.
error-busy-remedy = Veuillez réessayer dans un instant.
error-broken-title = Un problème est survenu de notre côté
error-broken-text = Vous n’y êtes pour rien, et l’incident a été enregistré.
error-broken-remedy = Veuillez réessayer. Si cela se reproduit, communiquez-nous la référence ci-dessous.

## Le compte

account-title = Votre compte
nav-account = Aperçu
nav-sessions = Sessions
nav-apps = Applications
nav-password = Mot de passe
nav-passkeys = Clés d’accès
nav-authenticator = Authentification
nav-recovery_codes = Codes de secours
overview-set = Configuré
overview-unset = Non configuré
overview-sessions = { $count ->
    [one] Connecté sur un appareil
   *[other] Connecté sur { $count } appareils
}
overview-apps = { $count ->
    [0] Aucune application n’a d’accès
    [one] Une application a un accès
   *[other] { $count } applications ont un accès
}
overview-passkeys = { $count ->
    [0] Aucune pour l’instant
    [one] Une clé d’accès
   *[other] { $count } clés d’accès
}
overview-codes = { $count ->
    [0] Il n’en reste aucun
    [one] Il en reste un
   *[other] Il en reste { $count }
}

sessions-title = Où vous êtes connecté
sessions-text = Mettez fin à toute session que vous ne reconnaissez pas, puis changez votre mot de passe.
session-current = Ce navigateur
session-seen = Vue pour la dernière fois le { $when }
session-began = Ouverte le { $when }
session-end = Fermer
session-end-of = Fermer la session sur { $device }
session-end-others = Fermer toutes les autres sessions
session-end-all = Se déconnecter partout

apps-title = Applications autorisées
apps-text = Ces applications peuvent utiliser votre compte comme vous l’avez autorisé.
apps-none = Aucune application n’a accès à votre compte.
app-granted = Autorisée le { $when }
app-revoke = Retirer
app-revoke-of = Retirer l’accès de { $client }
grant-issued = Jeton délivré le { $when }
grant-renewed = renouvelé le { $when }
grant-end = Révoquer
grant-end-of = Révoquer le jeton délivré à { $client } le { $when }

passkeys-title = Clés d’accès
passkeys-text = Avec une clé d’accès, vous vous connectez par empreinte, visage, verrouillage de l’écran ou clé de sécurité. Elle ne peut pas être devinée et ne fonctionne que sur ce site.
passkey-added = Ajoutée le { $when }
passkey-used = dernière utilisation le { $when }
passkey-name = Nom de la nouvelle clé d’accès
passkey-name-hint = Par exemple : téléphone, ordinateur portable, clé de sécurité bleue.
passkey-name-of = Nom de la clé d’accès { $name }
passkey-add = Ajouter une clé d’accès
passkey-rename = Renommer
passkey-rename-of = Renommer la clé d’accès { $name }
passkey-remove = Supprimer
passkey-remove-of = Supprimer la clé d’accès { $name }

authenticator-title = Application d’authentification
authenticator-text = Une application sur votre téléphone affiche un code que vous saisissez après votre mot de passe. Qui ne connaît que votre mot de passe n’entre pas.
authenticator-begin = Configurer une application
authenticator-scan = Scannez cette image avec votre application d’authentification.
authenticator-qr = Code QR pour votre application d’authentification
authenticator-type = Si vous ne pouvez pas la scanner, saisissez cette clé dans l’application :
authenticator-code = Code affiché par l’application
authenticator-enrol = Terminer
authenticator-done = Une application d’authentification est configurée depuis le { $when }.
authenticator-remove = Supprimer l’application

recovery_codes-title = Codes de secours
recovery-codes-text = Lorsque vous n’avez pas votre téléphone ou votre clé de sécurité sous la main, un code de secours vous permet de vous connecter. Chaque code ne sert qu’une fois.
recovery-codes-left = { $count ->
    [0] Il ne vous reste aucun code.
    [one] Il vous reste un code.
   *[other] Il vous reste { $count } codes.
}
recovery-codes-new = Créer de nouveaux codes
recovery-codes-replace = Vos codes actuels ne fonctionneront plus.
recovery-codes-once = Imprimez ces codes ou conservez-les en lieu sûr. Ils ne sont affichés que cette fois-ci.
recovery-codes-kept = Je les ai conservés

password-title = Mot de passe
password-current = Mot de passe actuel
password-new = Nouveau mot de passe
password-hint = { $count ->
    [one] Au moins { $count } caractère. Quelques mots sans rapport entre eux font un bon mot de passe.
   *[other] Au moins { $count } caractères. Quelques mots sans rapport entre eux font un bon mot de passe.
}
password-repeat = Nouveau mot de passe, encore une fois
password-change = Changer le mot de passe

## Ce qui est fait

notice-password-changed = Votre mot de passe a été changé.
notice-session-ended = La session a été fermée.
notice-sessions-ended = Toutes les autres sessions ont été fermées.
notice-access-revoked = L’application n’a plus d’accès.
notice-grant-ended = Le jeton est révoqué.
notice-passkey-added = La clé d’accès a été ajoutée.
notice-passkey-renamed = La clé d’accès a son nouveau nom.
notice-passkey-removed = La clé d’accès a été supprimée.
notice-authenticator-added = Votre application d’authentification est configurée.
notice-authenticator-removed = L’application d’authentification a été supprimée.

## Demandes d’applications

nav-requests = Demandes
requests-title = Demandes
requests-text = Ces applications attendent votre réponse. Regardez chacune avant de décider.
requests-none = Aucune application n’attend votre réponse.
request-warning = N’acceptez que si vous venez de commencer vous-même. Si quelqu’un d’autre l’a fait, il aurait accès à votre compte.
request-message = L’application affiche aussi :
request-until = Attend jusqu’à { $when }
request-look = Regarder
request-look-of = Regarder la demande de { $client }
request-refuse = Refuser
request-refuse-of = Refuser la demande de { $client }
request_done-title = Vous avez accepté
request_done-text = { $client } continue tout seul. Vous pouvez fermer cette page.
request_done-denied = Vous avez refusé
request-code-title = Code pour les demandes
request-code-text = Avec un code, les applications qui en demandent un ne peuvent vous solliciter que si elles le connaissent.
request-code-there = Vous avez un code. Les applications qui en demandent un ne peuvent vous solliciter que si elles le connaissent.
request-code-label = Nouveau code
request-code-hint = Au moins quatre caractères. Ne le donnez qu’à l’application que vous utilisez.
request-code-set = Garder ce code
request-code-remove = Supprimer le code
notice-request-refused = Vous avez refusé la demande.
notice-request-code-set = Le code est enregistré.
notice-request-code-removed = Le code est supprimé.
complaint-request-code = Un code a de 4 à 64 caractères.
overview-requests = { $count ->
    [0] Aucune application ne vous attend
    [one] Une application vous attend
   *[other] { $count } applications vous attendent
}
