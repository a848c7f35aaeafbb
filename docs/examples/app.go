//go:build ignore

// A complete relying party on coreos/go-oidc.  go get github.com/coreos/go-oidc/v3@latest golang.org/x/oauth2@latest
// ISSUER=… CLIENT_ID=… CLIENT_SECRET=… go run app.go
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
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
		name, err := signIn(ctx, issuer, &app, r, state, nonce, verifier)
		if err != nil { // the member said no, or came back late: let them begin again
			http.Error(w, "Not signed in: "+err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "Hello, %s", name)
		time.AfterFunc(200*time.Millisecond, func() { os.Exit(0) })
	})
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(app.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	log.Fatal(http.Serve(listener, nil))
}

func signIn(ctx context.Context, issuer *oidc.Provider, app *oauth2.Config, r *http.Request, state, nonce, verifier string) (string, error) {
	if r.FormValue("state") != state {
		return "", errors.New("the answer is not to our request")
	}
	if problem := r.FormValue("error"); problem != "" {
		return "", errors.New(problem)
	}
	tokens, err := app.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return "", err
	}
	raw, _ := tokens.Extra("id_token").(string)
	idToken, err := issuer.Verifier(&oidc.Config{ClientID: app.ClientID}).Verify(ctx, raw)
	if err != nil {
		return "", err
	}
	if idToken.Nonce != nonce {
		return "", errors.New("the ID token is not for our request")
	}
	info, err := issuer.UserInfo(ctx, app.TokenSource(ctx, tokens))
	if err != nil {
		return "", err
	}
	var member struct{ Name string }
	err = info.Claims(&member)
	return member.Name, err
}
