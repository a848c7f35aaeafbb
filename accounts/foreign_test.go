package accounts

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// What Passlib, Argon2's own library and Python's hashlib made of one password.
const foreignPassword = "Mi gato duerme ñoño"

var foreignHashes = map[string]string{
	"$2b$05$":                        "$2b$05$7ktvQf7lBOjGwUUxgEbU8OXTjxMq/34jU0FGlHVF1pbm8u6mwq4iW",
	"$2y$05$":                        "$2y$05$7ktvQf7lBOjGwUUxgEbU8OXTjxMq/34jU0FGlHVF1pbm8u6mwq4iW",
	"$argon2id$v=19$m=1024,t=1,p=2$": "$argon2id$v=19$m=1024,t=1,p=2$KyXkPKc0Zgw$nLxWAmoM1zdcy6Wg3cc72YILEEqZKHsP",
	"$argon2i$v=19$m=1024,t=2,p=1$":  "$argon2i$v=19$m=1024,t=2,p=1$h1CKcQ4hZEwpZcz5P0dobQ$5CSoB+83ZWGvL91r3t/pmafwEhhvPnTyKe9LWEZYLTM",
	"$scrypt$ln=4,r=8,p=1$":          "$scrypt$ln=4,r=8,p=1$rJUyhpAyppQSohSitLZ2Tg$54TBxdsktFDjHKRXFblaXmXHTG+yY2HaguAt9B9sza8",
	"$pbkdf2-sha512$1200$":           "$pbkdf2-sha512$1200$au1dy1lLaY3ROqe09v6/Fw$YyxUyX7/Y9kJD1Tf196WMX07c7IhVvxrfj8Kayy9FW9827YGBEDlo2QPRTTmtN4QMOWhLpdK5RQBoxiIzy6Q4g",
	"$pbkdf2$1200$":                  "$pbkdf2$1200$QYjRmlPKec.51/pfi3GOsQ$j2Xsoxk/5sLNVKIgz7qSz50gn5Y",
	"$6$rounds=1500$":                "$6$rounds=1500$nh24LCLe9j41CL6.$qnzpQS8m1INSUtGKrg9vjZgHDWpUOqkQ6jb.h22dQIUO2b159OYwvo6gSCGa5/C6PKdVgfMQt2SEx1QPfGbUR1",
	"$6$":                            "$6$5Xu8PSXnvTbrJ4N4$s.2j7zvvGqN.SF7/rHuIFA6Nwcw3/mMHKAlvGtSJKCGAVbxeDZXNI94ULdTx4tTenhSGFHYPo1oHrnUs.70yE0",
	"$5$rounds=1500$":                "$5$rounds=1500$MgKympGjGZN05pkM$TnLxxuOq.C1TDMagWzSZpGBSNRGQYMF8x0ZPHpxGNA5",
	"{SSHA256}":                      "{SSHA256}90J2oqEsgshffo5tAViTUeqIVXmkeYum3zBAr6M/tCYaI0RoTcmZEw==",
	"{SSHA512}":                      "{SSHA512}p+1MaSR7h/NADg9awXBNqEbnvs2e/NdwICAt1JbErT+xuPDLjLujD/cU9BXU51iV91A7o9tI/jbhcf8DHc1bOmsNQcjZ2/u/",
	"$pbkdf2-sha256$1200$":           "pbkdf2_sha256$1200$J9nKLkSDbex8$UJxOa6AMUC67ABRfOf63ePhMLyVfSYyfMX4H/hDqReY=",                  // Django
	"$pbkdf2-sha256$1200$ ":          "$pbkdf2-sha256$i=1200,l=32$0nrvnbPW+p/TOsd4L8WYkw$L2cpz/sxdShcTp+Yc3VQeB3xmpmUSpZtSAvdl5GVpXc", // PHC
	"$pbkdf2$1000$":                  "ABKKTsh8P5dabGOWITxMr6goHTeBmQwum0mGmJKfVYPXNtE1qaCtzaDUCbWbD8tm8g==",                          // ASP.NET Identity 2
	"$pbkdf2$1000$ ":                 "AQAAAAAAAAPoAAAAEBKKTsh8P5dabGOWITxMr6goHTeBmQwum0mGmJKfVYPXNtE1qaCtzaDUCbWbD8tm8g==",          // version 3
	"$pbkdf2-sha256$10000$":          "AQAAAAEAACcQAAAAEBKKTsh8P5dabGOWITxMr6gB0ptqBzfEW9h5QNP9f9qYaCa8yoZusTg3qfrgV5pIFQ==",          // version 3
	"$pbkdf2-sha512$1000$":           "AQAAAAIAAAPoAAAAEBKKTsh8P5dabGOWITxMr6hHdg07v+9/CN97K9Z0EuGIBCDLNwgec/J8l/Z31hmZAg==",          // version 3
}

func TestForeignHashes(t *testing.T) {
	t.Parallel()
	for scheme, stored := range foreignHashes {
		h, err := ParseForeignHash("  " + stored + "\n")
		if err != nil || h.Scheme() != strings.TrimSpace(scheme) {
			t.Errorf("ParseForeignHash(%s) = %q, %v, want the scheme %s", stored, h.Scheme(), err, scheme)
			continue
		}
		for password, want := range map[string]bool{
			foreignPassword: true, norm.NFD.String(foreignPassword): true, "Mi gato duerme ñono": false, "": false, foreignPassword + " ": false,
		} {
			if got := h.matches(password); got != want {
				t.Errorf("%s: matches(%q) = %v, want %v", stored, password, got, want)
			}
		}
	}
}

func TestForeignHashesAreRefused(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		"":                                    "is not a bcrypt",
		"password":                            "is not a bcrypt",
		"5f4dcc3b5aa765d61d8327deb882cf99":    "is not a bcrypt", // MD5
		"$1$abcdefgh$irWbblnpmw.5z7wgBnprh0":  "is not a bcrypt",
		"$2b$05$7ktvQf7lBOjGwUUxgEbU8OXTjxMq": "is not a bcrypt", // cut
		"$2b$31$7ktvQf7lBOjGwUUxgEbU8OXTjxMq/34jU0FGlHVF1pbm8u6mwq4iW":                                "31 is more than 13 in $2b$31$",
		"$argon2id$v=19$m=4194304,t=1,p=2$KyXkPKc0Zgw$nLxWAmoM1zdcy6Wg3cc72YILEEqZKHsP":               "4194304 is more than 131072",
		"$argon2id$v=19$m=99999999999999999999,t=1,p=2$KyXkPKc0Zgw$nLxWAmoM1zdcy6Wg3cc7":              "is more than 131072",
		"$scrypt$ln=40,r=8,p=1$rJUyhpAyppQSohSitLZ2Tg$54TBxdsktFDjHKRXFblaXmXHTG+yY2HaguAt9B9sza8":    "40 is more than 17",
		"$pbkdf2-sha256$900000000$A0BIqXUuhRCiVIpxzrkXYg$1sLePcR6PT6YBvrfDv/3JJ.sB3fHjRZEK.xbClfYl9E": "900000000 is more than 2000000",
		"$pbkdf2-sha256$1200$%%%$1sLePcR6PT6YBvrfDv/3JJ.sB3fHjRZEK.xbClfYl9E":                         "cannot be read",
		"{SSHA256}AAAA": "cannot be read",
		"AQAAAAkAAAPoAAAAEBKKTsh8P5dabGOWITxMr6goHTeBmQwum0mGmJKfVYPXNtE1qaCtzaDUCbWbD8tm8g==": "is not a bcrypt", // no such function
		"AQAAAAH///9/AAAAEBKKTsh8P5dabGOWITxMr6gB0ptqBzfEW9h5QNP9f9qYaCa8yoZusTg3qfrgV5pIFQ==": "is more than 2000000",
	} {
		h, err := ParseForeignHash(stored)
		if err == nil || !strings.Contains(err.Error(), want) || h != (ForeignHash{}) {
			t.Errorf("ParseForeignHash(%q) = %+v, %v, want an error with %q", stored, h, err, want)
		}
		if strings.HasPrefix(want, "is no") && !errors.Is(err, ErrForeignHash) {
			t.Errorf("ParseForeignHash(%q) = %v, want ErrForeignHash", stored, err)
		}
	}
}

func FuzzForeignHash(f *testing.F) {
	for _, stored := range foreignHashes {
		f.Add(stored)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		h, err := ParseForeignHash(stored)
		if (err == nil) != (h.scheme != "") {
			t.Errorf("ParseForeignHash(%q) = %+v, %v", stored, h, err)
		}
	})
}
