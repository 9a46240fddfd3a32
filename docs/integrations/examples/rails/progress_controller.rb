require "json"
require "net/http"

# match "progress/*path", to: "progress#forward", via: %i[get post delete], format: false
class ProgressController < ApplicationController
  # v1/sync/events is left out: each stream would hold a thread of Puma.
  PATHS = %w[v1/progress v1/progress/complete v1/sync v1/stats].freeze
  LONGEST = 256 * 1024
  REQUESTS = { "GET" => Net::HTTP::Get, "POST" => Net::HTTP::Post, "DELETE" => Net::HTTP::Delete }.freeze

  # A beacon has its token in the body. This runs before Rails looks for it.
  prepend_before_action { request.headers["X-CSRF-Token"] ||= token_in(request.raw_post) }
  prepend_before_action { head :payload_too_large if request.content_length.to_i > LONGEST }
  prepend_before_action { head :unauthorized unless session[:learner] }
  prepend_before_action { head :not_found unless PATHS.include?(params[:path]) }
  protect_from_forgery with: :exception
  # Rails says 422, which means to the page that the update itself is wrong and is to be dropped.
  rescue_from(ActionController::InvalidAuthenticityToken) { head :forbidden }

  def forward
    sidecar = URI(ENV.fetch("PROGRESS_SYNC_URL"))
    target = "/#{params[:path]}?#{request.query_string}"
    # Nothing of the browser's headers goes on but these.
    out = REQUESTS.fetch(request.request_method).new(target, "Accept-Encoding" => "identity")
    out["X-Progress-User"] = session[:learner].to_s
    out["Host"] = "127.0.0.1"
    out["Content-Type"] = request.headers["Content-Type"] if request.headers["Content-Type"]
    out["Prefer"] = request.headers["Prefer"] if request.headers["Prefer"]
    out.body = request.raw_post unless request.get?
    answer = Net::HTTP.start(sidecar.host, sidecar.port, nil, open_timeout: 5, read_timeout: 35, max_retries: 0) do |http|
      http.request(out)
    end
    response.headers["Retry-After"] = answer["Retry-After"] if answer["Retry-After"]
    render body: answer.body, status: answer.code.to_i, content_type: answer["Content-Type"]
  rescue SystemCallError, IOError, Timeout::Error
    response.headers["Retry-After"] = "5"
    render json: { detail: "the sidecar does not answer" }, status: :service_unavailable
  end

  private

  def token_in(body)
    updates = JSON.parse(body)
    (updates.is_a?(Array) ? updates.first : updates)["csrfToken"].to_s
  rescue JSON::ParserError, NoMethodError, TypeError
    ""
  end
end
