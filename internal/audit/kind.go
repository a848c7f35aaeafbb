package audit

// Kind names what happened. The text is stored and must not change.
type Kind string

// Kinds that a member sees in the history of the account, as event.name.<kind>.
const (
	AccountCreated    Kind = "account_created"
	SignedIn          Kind = "signed_in"
	NewDevice         Kind = "new_device"
	SignInFailed      Kind = "sign_in_failed"
	SignedOut         Kind = "signed_out"
	SessionEnded      Kind = "session_ended"
	PasswordChanged   Kind = "password_changed"
	PasswordReset     Kind = "password_reset"
	UsernameSent      Kind = "username_sent"
	FactorAdded       Kind = "factor_added"
	FactorRemoved     Kind = "factor_removed"
	SavedCodesMade    Kind = "saved_codes_made"
	SavedCodeUsed     Kind = "saved_code_used"
	QuestionChanged   Kind = "question_changed"
	EmailChangeAsked  Kind = "email_change_asked"
	EmailChanged      Kind = "email_changed"
	EmailChangeStop   Kind = "email_change_stopped"
	LanguageChanged   Kind = "language_changed"
	AppAllowed        Kind = "app_allowed"
	AppStopped        Kind = "app_stopped"
	AgreementAccepted Kind = "agreement_accepted"
	AccountLocked     Kind = "account_locked"
	AccountUnlocked   Kind = "account_unlocked"
	Disowned          Kind = "disowned"
	StaffLooked       Kind = "staff_looked"
	StaffActed        Kind = "staff_acted"
)

// Kinds for operators and auditors.
const (
	PasswordDisabled Kind = "account.password_disabled"
	PasswordRehashed Kind = "account.password_rehashed"
	Certified        Kind = "account.certified"

	RegistrationStarted  Kind = "registration.started"
	RegistrationAgreed   Kind = "registration.agreed"
	IdentityMatched      Kind = "registration.identity_matched"
	IdentityRefused      Kind = "registration.identity_refused"
	IdentityLocked       Kind = "registration.identity_locked"
	CodeSent             Kind = "registration.code_sent"
	CodeRefused          Kind = "registration.code_refused"
	EmailProven          Kind = "registration.email_proven"
	RegistrationFinished Kind = "registration.finished"
	RegistrationLeft     Kind = "registration.left"
	SupportReferred      Kind = "support.referred"

	RecoveryStarted  Kind = "recovery.started"
	RecoveryCodeSent Kind = "recovery.code_sent"
	RecoveryRefused  Kind = "recovery.refused"
	RecoveryProven   Kind = "recovery.proven"
	RecoveryEnded    Kind = "recovery.ended"
	AnswerAccepted   Kind = "recovery.answer_accepted"
	AnswerRefused    Kind = "recovery.answer_refused"
	AnswersClosed    Kind = "recovery.answers_closed"
	ChangeHeld       Kind = "recovery.change_held"
	ChangeApplied    Kind = "recovery.change_applied"
	ChangeStopped    Kind = "recovery.change_stopped"

	CodeIssued          Kind = "grant.code_issued"
	TokensIssued        Kind = "grant.tokens_issued"
	TokensRefreshed     Kind = "grant.tokens_refreshed"
	CodeReplayed        Kind = "grant.code_replayed"
	RefreshReplayed     Kind = "grant.refresh_replayed"
	GrantRevoked        Kind = "grant.revoked"
	DeviceAllowed       Kind = "grant.device_allowed"
	DeviceDenied        Kind = "grant.device_denied"
	AccessTokenRevoked  Kind = "grant.access_token_revoked"
	ClientAuthRefused   Kind = "client.auth_refused"
	ClientCreated       Kind = "client.created"
	ClientUpdated       Kind = "client.updated"
	ClientEnabled       Kind = "client.enabled"
	ClientDisabled      Kind = "client.disabled"
	ClientSecretRotated Kind = "client.secret_rotated"

	KeyCreated   Kind = "key.created"
	KeyActivated Kind = "key.activated"
	KeyRevoked   Kind = "key.revoked"

	RosterImported Kind = "roster.imported"
	RosterRefused  Kind = "roster.refused"
)
