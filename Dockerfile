# The service as a static binary in an empty image: no shell, no other program, an unprivileged user.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY internal/oryx/go.mod internal/oryx/go.sum internal/oryx/
RUN go mod download
COPY . .
# timetzdata: the image has no time zones of its own, and dates are shown in the members' time.
# docker build --build-arg VERSION=1.2.3 --build-arg COMMIT=$(git rev-parse --short=12 HEAD): the folder's history is not here.
ARG VERSION COMMIT
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags nomsgpack,timetzdata \
      -ldflags="-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/idp ./cmd/idp \
    && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/idp /idp
COPY --from=build --chown=65532:65532 /out/data /data
COPY cmd/idp/sample/roster.csv deploy/portal.json /sample/
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/idp"]
CMD ["serve"]
