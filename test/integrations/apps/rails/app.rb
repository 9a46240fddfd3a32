require "logger"
require "rails"
require "action_controller/railtie"

class App < Rails::Application
  config.load_defaults 6.1
  config.eager_load = false
  config.consider_all_requests_local = false
  config.secret_key_base = "of the test" * 8
  config.hosts << "127.0.0.1"
  config.logger = Logger.new($stderr, level: :warn)
  config.session_store :cookie_store, key: "session"
end

App.initialize!

class ApplicationController < ActionController::Base
end

class LoginController < ApplicationController
  skip_forgery_protection

  def create
    session[:learner] = params[:learner]
    render plain: form_authenticity_token
  end
end

require_relative "progress_controller"

App.routes.draw do
  post "login", to: "login#create"
  match "progress/*path", to: "progress#forward", via: %i[get post delete], format: false
end

require "rack/handler/puma"
Rack::Handler::Puma.run(App, Host: "127.0.0.1", Port: Integer(ENV.fetch("PORT")), Silent: true)
