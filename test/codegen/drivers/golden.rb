# Calls the generated client with every case of the golden vectors: JSON on stdin, one answer a case on stdout.
# In development each case is called; what raises answers its finding id. What is fine is sent over HTTP, too: no registry at hand has the
# official SDK, so a stand-in with its two methods posts what it would post.
require "json"
require "net/http"
require "time"
require_relative "analytics/client"
require_relative "analytics/mixpanel_ruby"
require_relative "analytics/testing"

given = JSON.parse($stdin.read)
user = given.fetch("user")

# What of Mixpanel::Tracker the adapter uses, posting what mixpanel-ruby 2.3 posts.
class HttpTracker
  def initialize(url)
    @url = url
  end

  def people
    self
  end

  def track(distinct_id, event, properties)
    post("track", { "event" => event, "properties" => { "token" => "t", "distinct_id" => distinct_id, "time" => Time.now.to_i }.merge(properties) })
  end

  def update(message)
    post("engage", { "$token" => "t" }.merge(message))
  end

  def post(path, message)
    answer = Net::HTTP.post(URI("#{@url}/#{path}"), JSON.generate([message]), "content-type" => "application/json")
    raise answer.body unless answer.code == "200" && answer.body.start_with?("1")
  end
end

def native(value)
  value.is_a?(Hash) && value.keys == ["$datetime"] ? Time.parse(value["$datetime"]) : value
end

recording = Analytics::Recording.new
checking = Analytics::Client.new(-> { recording }, development: true)
sink = Analytics::MixpanelSink.new(HttpTracker.new(given.fetch("emulator")))
sending = Analytics::Client.new(-> { sink })

answers = given.fetch("cases").each_with_index.map do |kase, index|
  values = kase.fetch("values").to_h { |name, value| [name.to_sym, native(value)] }
  begin
    checking.public_send(kase.fetch("method"), user, **values)
    sending.public_send(kase.fetch("method"), user, **values, insert_id: "case-#{index}")
    nil
  rescue Analytics::PlanViolation => e
    e.message[/\A[a-z-]+/]
  rescue ArgumentError
    "does-not-compile"
  end
end
sending.set_theme(user, :dark)

# What every client has to do, whatever the language.
problems = []
production = Analytics::Client.new(-> { raise "gone" }, on_problem: ->(problem) { problems << problem.id })
production.user_signs_out(user)
production.user_signs_out("ada@example.com")
production.values_sent(user, percent: 101)
$stdout << JSON.generate("answers" => answers, "problems" => sending.problem_count, "production" => problems)
