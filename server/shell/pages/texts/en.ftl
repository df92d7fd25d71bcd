# The words of the pages. Texts of an operator's own file replace these one by one.

title-wrong = Check your entries:
or = or
optional = (optional)
cancel = Cancel
continue = Continue
continue-to = Continue to { $client }
the-app = the app
link-help = Help
link-privacy = Privacy
link-imprint = Imprint
date-time = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }, { $time } UTC

## Signing in

sign_in-title = Sign in
client-continue = to continue to { $client }
identifier = Email or user name
password = Password
sign-in = Sign in
sign-in-with = Sign in with { $provider }

second_factor-title = Enter the code
code = Code from your authenticator app
code-hint = Six digits that change every half minute.
use-recovery-code = Use a recovery code instead

recovery_code-title = Use a recovery code
recovery-code = Recovery code
recovery-code-hint = One of the codes that you kept when you set up the second step. Each works once.
use-authenticator = Use the authenticator app instead

passkey-title = Use your passkey
passkey-text = Your device will ask for your fingerprint, face, screen lock or security key.
passkey-use = Sign in with a passkey
passkey-no-script = Passkeys need JavaScript, which is switched off in this browser.

choose_account-title = Choose an account
another-account = Use another account

reauthenticate-title = Confirm that it’s you
reason-too-long-ago = It has been a while since you signed in, and { $client } asks for a recent sign-in.
reason-asked = { $client } asks you to sign in once more.
reason-sensitive = Before you change something this important, please confirm who you are.
reason-stronger = { $client } asks for a stronger way of signing in.

## Devices

device-title = Connect a device
device-text = Enter the code that your device shows.
device-compare = Check that this is the code that your device shows.
user-code = Code on the device
user-code-hint = Eight letters; dashes and capitals do not matter.
device-warning = Only go on if you started this yourself, just now, on a device in front of you. If somebody sent you this link or code, they would get access to your account.
device_done-title = Your device is connected
device_done-text = Go back to your device: { $client } goes on by itself. You can close this page.
device_done-denied = Your device was not connected
device_done-denied-text = { $client } got nothing. You can close this page.

## Consent

consent-title = { $client } asks for access
client-host = This app says of itself who it is, at { $host }. Nobody here has looked at it: only go on if you know it.
consent-scopes = It would be able to
consent-claims = It also asks for your
consent-details = In detail
consent-resources = It would use this access at
consent-revocable = You can withdraw this access at any time in your account.
allow = Allow
deny = Don’t allow
client-home = About { $client }
client-policy = Privacy policy
client-terms = Terms of service

scope-openid = know who you are
scope-profile = see your name, picture and other profile details
scope-email = see your email address
scope-address = see your postal address
scope-phone = see your phone number
scope-device_sso = sign you in to other apps of the same maker on this device
scope-offline_access = keep this access while you are away

claim-name = name
claim-given_name = first name
claim-family_name = last name
claim-middle_name = middle name
claim-nickname = nickname
claim-preferred_username = user name
claim-profile = profile page
claim-picture = picture
claim-website = website
claim-email = email address
claim-email_verified = verified email address
claim-gender = gender
claim-birthdate = date of birth
claim-zoneinfo = time zone
claim-locale = language
claim-phone_number = phone number
claim-phone_number_verified = verified phone number
claim-address = postal address
claim-updated_at = date of last change

## On the way out

form_post-title = One moment
form_post-text = You are being taken back to { $client }. If nothing happens, press the button.
client-sign-out = { $client } asks to sign you out.
sign_out-title = Sign out?
sign_out-text = You will be signed out here and in the apps that you opened from here.
sign-out = Sign out
stay = Stay signed in
signed_out-title = You are signed out
signed_out-text = On a device that others use too, close the browser as well.
signed_out-frame = Signing out of an app

## What was wrong

complaint-wrong-credentials = That name and password don’t go together. Check both and try again.
complaint-wrong-password = That is not the password of this account.
complaint-wrong-code = That code is not right or no longer valid. Enter the one shown now.
complaint-wrong-recovery-code = That recovery code is not right or was used before.
complaint-wrong-user-code = No device waits with this code. Check it, or begin anew on the device.
complaint-missing = Please fill in this field.
complaint-too-many = { $count ->
    [one] Too many attempts. Please wait a minute, then try again.
   *[other] Too many attempts. Please wait { $count } minutes, then try again.
}
complaint-passkey-refused = That passkey was not accepted. Try another one or another way to sign in.
complaint-passkey-cancelled = The passkey was not used. You can try again or choose another way.
complaint-upstream-failed = { $words } could not confirm who you are. Try again or choose another way.
complaint-password-too-short = { $count ->
    [one] The new password needs at least { $count } character.
   *[other] The new password needs at least { $count } characters.
}
complaint-password-too-long = { $count ->
    [one] The new password can have at most { $count } character.
   *[other] The new password can have at most { $count } characters.
}
complaint-password-too-common = That password is among the first that attackers try. Choose another one.
complaint-passwords-differ = The two new passwords are not the same.
complaint-password-unchanged = That is the password you have already.
complaint-last-way-in = You sign in with this passkey only. Add another one or set a password first.
complaint-form-expired = This form was open for too long. Please try again.
complaint-said = { $words }

## Errors

error-detail = For the developer
error-reference = Reference
error-back = Back to { $client }

error-bad-request-title = This request cannot be answered
error-bad-request-text = { $client } sent a request that is not valid.
error-bad-request-remedy = Go back and try again. If it happens again, tell those who run the app and give them the reference below.
error-unknown-client-title = This app is not known here
error-unknown-client-text = The link that brought you here names an app that is not registered.
error-unknown-client-remedy = Check the address you started from, or ask those who run the app.
error-bad-redirect-title = We cannot send you back
error-bad-redirect-text = { $client } asked to send you to an address that is not registered for it. For your safety we stopped here.
error-bad-redirect-remedy = If you did not expect this, close this page. Otherwise tell those who run the app and give them the reference below.
error-expired-title = This page is no longer valid
error-expired-text = You took a while, have finished already, or opened this link in another browser.
error-expired-remedy = Go back to { $client } and sign in from there.
error-no-cookies-title = Cookies are switched off
error-no-cookies-text = Signing in needs a cookie, and your browser sent none.
error-no-cookies-remedy = Allow cookies for this site, then go back to { $client } and start again.
error-forged-title = This form did not come from our page
error-forged-text = To protect you, we did not do what it asked for.
error-forged-remedy = Go back, reload the page and try once more.
error-refused-title = Access was refused
error-refused-text = The rules of this service do not let you use { $client } at the moment.
error-refused-remedy = If you think that you should have access, ask your administrator and give the reference below.
error-upstream-title = The other service did not answer as expected
error-upstream-text = The service that you wanted to sign in with could not tell us who you are.
error-upstream-remedy = Try again in a few minutes, or choose another way to sign in.
error-not-found-title = There is no such page
error-not-found-text = The address leads nowhere.
error-not-found-remedy = Check the address, or start from the app that you wanted to use.
error-too-many-title = Too many attempts
error-too-many-text = There were too many attempts in a short time.
error-too-many-remedy = Wait a few minutes, then try again.
error-busy-title = We cannot answer right now
error-busy-text = The service is busy or being looked after.
error-busy-remedy = Please try again in a moment.
error-broken-title = Something went wrong on our side
error-broken-text = It was not your fault, and what happened has been recorded.
error-broken-remedy = Please try again. If it happens again, tell us the reference below.

## The account

account-title = Your account
nav-account = Overview
nav-sessions = Sessions
nav-apps = Apps
nav-password = Password
nav-passkeys = Passkeys
nav-authenticator = Authenticator
nav-recovery_codes = Recovery codes
overview-set = Set up
overview-unset = Not set up
overview-sessions = { $count ->
    [one] Signed in on one device
   *[other] Signed in on { $count } devices
}
overview-apps = { $count ->
    [0] No app has access
    [one] One app has access
   *[other] { $count } apps have access
}
overview-passkeys = { $count ->
    [0] None yet
    [one] One passkey
   *[other] { $count } passkeys
}
overview-codes = { $count ->
    [0] None left
    [one] One left
   *[other] { $count } left
}

sessions-title = Where you are signed in
sessions-text = End any session that you do not recognise, then change your password.
session-current = This browser
session-seen = Last seen { $when }
session-began = Signed in { $when }
session-end = End
session-end-of = End the session on { $device }
session-end-others = End all other sessions
session-end-all = Sign out everywhere

apps-title = Apps with access
apps-text = These apps may use your account as you allowed them to.
apps-none = No app has access to your account.
app-granted = Allowed { $when }
app-revoke = Withdraw
app-revoke-of = Withdraw the access of { $client }
grant-issued = Token issued { $when }
grant-renewed = renewed { $when }
grant-end = End
grant-end-of = End the token that { $client } was issued { $when }

passkeys-title = Passkeys
passkeys-text = With a passkey you sign in with your fingerprint, face, screen lock or security key. It cannot be guessed, and it works on this site only.
passkey-added = Added { $when }
passkey-used = last used { $when }
passkey-name = Name of the new passkey
passkey-name-hint = For example: phone, laptop, blue security key.
passkey-name-of = Name of the passkey { $name }
passkey-add = Add a passkey
passkey-rename = Rename
passkey-rename-of = Rename the passkey { $name }
passkey-remove = Remove
passkey-remove-of = Remove the passkey { $name }

authenticator-title = Authenticator app
authenticator-text = An app on your phone shows a code that you enter after your password. Who only has your password does not get in.
authenticator-begin = Set up an app
authenticator-scan = Scan this picture with your authenticator app.
authenticator-qr = QR code for your authenticator app
authenticator-type = If you cannot scan it, type this key into the app:
authenticator-code = Code that the app shows
authenticator-enrol = Finish
authenticator-done = An authenticator app has been set up since { $when }.
authenticator-remove = Remove the app

recovery_codes-title = Recovery codes
recovery-codes-text = When your phone or security key is not at hand, a recovery code lets you in. Each code works once.
recovery-codes-left = { $count ->
    [0] You have no codes left.
    [one] You have one code left.
   *[other] You have { $count } codes left.
}
recovery-codes-new = Make new codes
recovery-codes-replace = The codes you have now will stop working.
recovery-codes-once = Print these codes or keep them in a safe place. They are shown this once only.
recovery-codes-kept = I have kept them

password-title = Password
password-current = Current password
password-new = New password
password-hint = { $count ->
    [one] At least { $count } character. A few unrelated words make a good password.
   *[other] At least { $count } characters. A few unrelated words make a good password.
}
password-repeat = New password once more
password-change = Change the password

## What was done

notice-password-changed = Your password has been changed.
notice-session-ended = The session was ended.
notice-sessions-ended = All other sessions were ended.
notice-access-revoked = The app no longer has access.
notice-grant-ended = The token is ended.
notice-passkey-added = The passkey was added.
notice-passkey-renamed = The passkey has its new name.
notice-passkey-removed = The passkey was removed.
notice-authenticator-added = Your authenticator app is set up.
notice-authenticator-removed = The authenticator app was removed.

## Requests of apps

nav-requests = Requests
requests-title = Requests
requests-text = These apps wait for your answer. Look at each before you decide.
requests-none = No app waits for your answer.
request-warning = Only agree if you started this yourself, just now. If somebody else did, they would get access to your account.
request-message = The app shows this as well:
request-until = Waits until { $when }
request-look = Look at the request
request-look-of = Look at the request of { $client }
request-refuse = Refuse
request-refuse-of = Refuse the request of { $client }
request_done-title = You have agreed
request_done-text = { $client } goes on by itself. You can close this page.
request_done-denied = You have refused
request-code-title = Code for requests
request-code-text = With a code, apps that ask for one can only ask you if they know it.
request-code-there = You have a code. Apps that ask for one can only ask you if they know it.
request-code-label = New code
request-code-hint = At least four characters. Tell it to nobody but the app that you use.
request-code-set = Keep this code
request-code-remove = Remove the code
notice-request-refused = You have refused the request.
notice-request-code-set = The code was kept.
notice-request-code-removed = The code was removed.
complaint-request-code = A code has 4 to 64 characters.
overview-requests = { $count ->
    [0] No app waits for you
    [one] One app waits for you
   *[other] { $count } apps wait for you
}
