package audit

// CountTo counts every event that the database accepted, including those of transactions that were rolled back later:
// they were attempted.
func (l *Log) CountTo(count func(Event)) *Log {
	l.count = count
	return l
}

// Kinds returns all kinds, for metrics; a test compares the list with the constants.
func Kinds() []Kind {
	return []Kind{
		AccountCreated, SignedIn, NewDevice, SignInFailed, SignedOut, SessionEnded, PasswordChanged, PasswordReset, PasswordRemoved, UsernameSent,
		FactorAdded, FactorRemoved, SavedCodesMade, SavedCodeUsed, QuestionChanged, EmailChangeAsked, EmailChanged, EmailChangeStop,
		LanguageChanged, AppAllowed, AppStopped, AppComplaint, AgreementAccepted, DataTaken, DeviceRemembered, DeviceForgotten, CloseAsked, CloseStopped, AccountLocked, Disowned, StaffLooked, StaffActed,
		PasswordDisabled, PasswordRehashed, PasswordExpired, AccountsExported, AccountClosed, Certified, FactorRefused, SteppedUp,
		RegistrationStarted, RegistrationAgreed, IdentityMatched, IdentityRefused, IdentityLocked, CodeSent, CodeRefused, EmailProven,
		RegistrationFinished, RegistrationLeft, SupportReferred,
		RecoveryStarted, RecoveryCodeSent, RecoveryRefused, RecoveryProven, RecoveryEnded, AnswerAccepted, AnswerRefused, AnswersClosed,
		ChangeHeld, ChangeApplied, ChangeStopped,
		CodeIssued, TokensIssued, TokensRefreshed, CodeReplayed, RefreshReplayed, GrantRevoked, DeviceAllowed, DeviceDenied,
		LaunchMade, LaunchRefused, AccessTokenRevoked, AccessTokenForeign, ClientAuthRefused, ClientCreated, ClientUpdated, ClientEnabled, ClientDisabled, ClientSecretRotated,
		KeyCreated, KeyActivated, KeyRevoked,
		StaffCreated, StaffChanged, StaffRemoved, StaffSearched, StaffVerified, StaffAsked, StaffDecided, StaffDenied, StaffExported,
		StaffReviewed, StaffHelped, BreakGlass, StaffEntered,
		PartnerLinkSent, PartnerJoined, PartnerEntered, PartnerInvited, PartnerRemoved, PartnerSaved, PartnerSent, PartnerTaken, PartnerDecided, PartnerChanged,
		PartnerRefused, PartnerDenied,
		SandboxReset,
		RosterImported, RosterRefused,
		EpochRaised, EpochTrusted,
		ResetsRising, MailsLate, JobsDiscarded, ChainBroken, SealBroken, CommitsLost,
	}
}
