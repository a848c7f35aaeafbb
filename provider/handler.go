package provider

import (
	"github.com/gin-gonic/gin"

	"huskyidp/internal/web"
)

// Mount registers the routes: endpoints for programs, addresses that other sites link or post to, and our own pages.
func (h *Handler) Mount(r gin.IRouter) {
	everybody := func(string) string { return "*" }
	h.web.Programs(everybody, "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/ssf-configuration", "/.well-known/smart-configuration", fhirPath, "/jwks", openAPIPath)
	h.web.Programs(h.browserApps, "/par", "/token", "/userinfo", "/revoke")
	h.web.Programs(nil, "/logo/", RegistrationPath, RegistrationPath+"/", "/device_authorization", "/introspect", launchPath, signalsPath)
	protocol := h.web.Protocol(r)
	protocol.GET("/.well-known/openid-configuration", h.web.Handle(h.discovery))
	protocol.GET("/.well-known/oauth-authorization-server", h.web.Handle(h.discovery))
	protocol.GET("/.well-known/ssf-configuration", h.web.Handle(h.signalsConfiguration))
	protocol.GET("/.well-known/smart-configuration", h.web.Handle(h.smartConfiguration))
	protocol.GET(fhirPath+":name/.well-known/smart-configuration", h.web.Handle(h.smartConfiguration))
	protocol.OPTIONS("/.well-known/smart-configuration", web.Preflight)
	protocol.OPTIONS(fhirPath+":name/.well-known/smart-configuration", web.Preflight)
	protocol.GET("/jwks", h.web.Handle(h.jwks))
	protocol.GET(openAPIPath, h.web.Handle(h.showOpenAPI))
	protocol.GET("/logo/:digest", h.web.Handle(h.showLogo))
	protocol.POST(RegistrationPath, h.web.Handle(h.registerClient))
	protocol.GET(RegistrationPath+"/:id", h.web.Handle(h.readClient))
	protocol.PUT(RegistrationPath+"/:id", h.web.Handle(h.updateClient))
	protocol.DELETE(RegistrationPath+"/:id", h.web.Handle(h.deleteClient))
	protocol.POST("/device_authorization", h.web.Handle(h.deviceAuthorization))
	protocol.POST("/introspect", h.web.Handle(h.introspect))
	protocol.POST(launchPath, h.web.Handle(h.makeLaunch))
	protocol.POST(signalsPath, h.web.Handle(h.pollSignals))

	for _, route := range []struct {
		path     string
		endpoint func(*gin.Context) error
	}{
		{"/par", h.push},
		{"/token", h.token},
		{"/userinfo", h.userinfo},
		{"/revoke", h.revoke},
	} {
		protocol.POST(route.path, h.web.Handle(route.endpoint))
		protocol.OPTIONS(route.path, web.Preflight)
	}
	protocol.GET("/userinfo", h.web.Handle(h.userinfo))

	entry := h.web.Entry(r)
	entry.GET("/authorize", h.web.Handle(h.authorize))
	entry.POST("/authorize", h.web.Handle(h.authorize))
	entry.GET("/logout", h.web.Handle(h.logout))
	entry.POST("/logout", h.web.Handle(h.logout))

	pages := h.web.Pages(r)
	pages.GET("/", h.web.Handle(h.home))
	pages.GET("/developers", h.web.Handle(h.showDevelopers))
	pages.GET("/authorize/resume", h.web.Handle(h.resume))
	pages.GET("/login", h.web.Handle(h.showLogin))
	pages.POST("/login", h.web.Handle(h.login))
	pages.GET(turnPath, h.web.Handle(h.showTurn))
	pages.GET("/login/open", h.web.Handle(h.showLoginOpen))
	pages.POST("/login/open", h.web.Handle(h.decideLoginOpen))
	pages.POST("/login/cancel", h.web.Handle(h.cancelLogin))
	pages.POST("/login/passkey/options", h.web.Handle(h.passkeyOptions))
	pages.GET("/login/factor", h.ofSignIn(h.showFactor))
	pages.GET("/login/factor/:method", h.ofSignIn(h.showMethod))
	pages.POST("/login/factor/:method", h.ofSignIn(h.proveMethod))
	pages.POST("/login/factor/:method/options", h.web.Handle(h.factorOptions))
	pages.GET("/login/saved-code", h.web.Handle(h.showCodesLeft))
	pages.GET("/reauth", h.web.Handle(h.showReauth))
	pages.POST("/reauth", h.web.Handle(h.reauth))
	pages.POST("/reauth/cancel", h.web.Handle(h.cancelReauth))
	pages.POST("/reauth/options", h.web.Handle(h.reauthOptions))
	pages.GET("/login/accounts", h.web.Handle(h.showAccounts))
	pages.POST("/login/accounts", h.web.Handle(h.chooseAccount))
	pages.GET("/login/agreement", h.web.Handle(h.showAgreement))
	pages.POST("/login/agreement", h.web.Handle(h.decideAgreement))
	pages.GET("/login/question", h.web.Handle(h.showQuestion))
	pages.GET(pathOffer, h.web.Handle(h.showOffer))
	pages.GET("/consent", h.web.Handle(h.showConsent))
	pages.POST("/consent", h.web.Handle(h.decideConsent))
	pages.GET("/device", h.web.Handle(h.showDevice))
	pages.POST("/device", h.web.Handle(h.submitDevice))
	pages.GET("/device/confirm", h.web.Handle(h.showDeviceConfirm))
	pages.POST("/device/confirm", h.web.Handle(h.decideDevice))
	pages.GET("/device/done", h.web.Handle(h.showDeviceDone))
	pages.GET("/logout/done", h.web.Handle(h.logoutDone))
}
