# A complete relying party on openid_connect.  gem install openid_connect (Debian: ruby-openid-connect)
# ISSUER=… CLIENT_ID=… CLIENT_SECRET=… ruby app.rb
require 'base64'
require 'digest'
require 'openid_connect'
require 'socket'

SWD.url_builder = URI::HTTP if ENV['ISSUER'].start_with?('http://localhost') # the demo has no TLS
port = Integer(ENV.fetch('PORT', '9000'))
issuer = OpenIDConnect::Discovery::Provider::Config.discover!(ENV['ISSUER'])
app = OpenIDConnect::Client.new(
  identifier: ENV['CLIENT_ID'], secret: ENV['CLIENT_SECRET'], redirect_uri: "http://127.0.0.1:#{port}/callback",
  authorization_endpoint: issuer.authorization_endpoint, token_endpoint: issuer.token_endpoint, userinfo_endpoint: issuer.userinfo_endpoint
)
state, nonce, verifier = Array.new(3) { SecureRandom.urlsafe_base64(32) }
challenge = Base64.urlsafe_encode64(Digest::SHA256.digest(verifier), padding: false)
puts app.authorization_uri(scope: %i[openid profile], state: state, nonce: nonce, code_challenge: challenge, code_challenge_method: 'S256')
$stdout.flush

sign_in = lambda do |answer|
  raise 'the answer is not to our request' unless answer['state'] == state
  raise answer['error'] if answer['error']

  app.authorization_code = answer['code']
  tokens = app.access_token!(:basic, code_verifier: verifier)
  id_token = OpenIDConnect::ResponseObject::IdToken.decode(tokens.id_token, issuer.jwks)
  id_token.verify!(issuer: issuer.issuer, client_id: app.identifier, nonce: nonce)
  tokens.userinfo!.name
end

server = TCPServer.new('127.0.0.1', port)
loop do
  browser = server.accept
  line = browser.gets.to_s
  nil while browser.gets.to_s.strip != ''
  begin
    status, text = '200 OK', "Hello, #{sign_in.call(URI.decode_www_form(URI(line.split[1]).query.to_s).to_h)}"
  rescue StandardError => e # the member said no, or came back late: let them begin again
    status, text = '400 Bad Request', "Not signed in: #{e.message}"
  end
  browser.write "HTTP/1.1 #{status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}"
  browser.close
  break if status.start_with?('200')
end
