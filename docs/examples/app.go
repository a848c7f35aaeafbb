//go:build ignore

// A complete relying party on coreos/go-oidc.  ISSUER=… CLIENT_ID=… CLIENT_SECRET=… go run app.go
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	ctx := context.Background()
	address := "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "9000")
	issuer, err := oidc.NewProvider(ctx, os.Getenv("ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	app := oauth2.Config{ClientID: os.Getenv("CLIENT_ID"), ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: issuer.Endpoint(),
		RedirectURL: "http://" + address + "/callback", Scopes: []string{oidc.ScopeOpenID, "profile"}}
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	http.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("state") != state {
			log.Fatal("the answer is not to our request")
		}
		tokens, err := app.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			log.Fatal(err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		idToken, err := issuer.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
		if err != nil || idToken.Nonce != nonce {
			log.Fatal("the ID token is not good: ", err)
		}
		info, err := issuer.UserInfo(ctx, app.TokenSource(ctx, tokens))
		if err != nil {
			log.Fatal(err)
		}
		var member struct{ Name string }
		if err := info.Claims(&member); err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(w, "Hello, %s", member.Name)
		time.AfterFunc(200*time.Millisecond, func() { os.Exit(0) })
	})
	fmt.Println(app.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	log.Fatal(http.ListenAndServe(address, nil))
}
