package audit

// Kind names what happened. The values are stored and must not change.
type Kind string

// Kinds that members see in their account history, as event.name.<kind>.
const (
	AccountCreated    Kind = "account_created"
	SignedIn          Kind = "signed_in"
	NewDevice         Kind = "new_device"
	SignInFailed      Kind = "sign_in_failed"
	SignedOut         Kind = "signed_out"
	SessionEnded      Kind = "session_ended"
	PasswordChanged   Kind = "password_changed"
	PasswordReset     Kind = "password_reset"
	PasswordRemoved   Kind = "password_removed"
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
	AppComplaint      Kind = "app_complaint"
	AgreementAccepted Kind = "agreement_accepted"
	DataTaken         Kind = "data_taken"
	DeviceRemembered  Kind = "device_remembered"
	DeviceForgotten   Kind = "device_forgotten"
	CloseAsked        Kind = "close_asked"
	CloseStopped      Kind = "close_stopped"
	AccountLocked     Kind = "account_locked"
	Disowned          Kind = "disowned"
	StaffLooked       Kind = "staff_looked"
	StaffActed        Kind = "staff_acted"
)

// Kinds for operators and auditors.
const (
	PasswordDisabled Kind = "account.password_disabled"
	PasswordRehashed Kind = "account.password_rehashed"
	PasswordExpired  Kind = "account.imported_password_expired"
	AccountsExported Kind = "account.all_exported"
	AccountClosed    Kind = "account.closed"
	Certified        Kind = "account.certified"
	FactorRefused    Kind = "account.factor_refused"
	SteppedUp        Kind = "account.stepped_up"

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
	LaunchMade          Kind = "grant.launch_made"
	LaunchRefused       Kind = "grant.launch_refused"
	AccessTokenForeign  Kind = "token.foreign" // presented here, and of another issuer
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

	StaffCreated  Kind = "staff.created"
	StaffChanged  Kind = "staff.roles_changed"
	StaffRemoved  Kind = "staff.removed"
	StaffSearched Kind = "staff.searched"
	StaffVerified Kind = "staff.caller_verified"
	StaffAsked    Kind = "staff.asked_for_approval"
	StaffDecided  Kind = "staff.decided"
	StaffDenied   Kind = "staff.denied"
	StaffExported Kind = "staff.exported_audit"
	StaffReviewed Kind = "staff.reviewed"
	StaffHelped   Kind = "staff.helped" // took a matter of the queue, handed it over, finished it or wrote a note
	BreakGlass    Kind = "staff.break_glass_used"
	StaffEntered  Kind = "staff.entered"

	PartnerLinkSent Kind = "partner.link_sent"
	PartnerJoined   Kind = "partner.joined"
	PartnerEntered  Kind = "partner.signed_in"
	PartnerInvited  Kind = "partner.invited"
	PartnerRemoved  Kind = "partner.person_removed"
	PartnerSaved    Kind = "partner.saved"
	PartnerSent     Kind = "partner.sent"
	PartnerTaken    Kind = "partner.taken"
	PartnerDecided  Kind = "partner.decided"
	PartnerChanged  Kind = "partner.client_changed"
	PartnerRefused  Kind = "partner.refused" // a passkey, or what was typed
	PartnerDenied   Kind = "partner.denied"  // what is another's, or not theirs any more

	SandboxReset Kind = "sandbox.reset" // a sandbox is in its first state again

	RosterImported Kind = "roster.imported"
	RosterRefused  Kind = "roster.refused"

	EpochRaised  Kind = "epoch.raised"
	EpochTrusted Kind = "epoch.trusted" // the operator says that nothing was lost

	ResetsRising  Kind = "alert.resets_rising"
	MailsLate     Kind = "alert.mails_late"
	JobsDiscarded Kind = "alert.jobs_discarded"
	ChainBroken   Kind = "alert.audit_broken"
	SealBroken    Kind = "alert.sealed_value_broken"
	CommitsLost   Kind = "alert.failover_lost_commits"
)
