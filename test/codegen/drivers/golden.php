<?php

// Calls the generated client with every case of the golden vectors: JSON on stdin, one answer a case on stdout.
// In development each case is called; what throws answers its finding id. What is fine is sent over HTTP, too: no registry at hand has the
// official SDK, so a stand-in with its two entry points posts what it would post.

declare(strict_types=1);

error_reporting(E_ALL);
set_error_handler(static function (int $level, string $message): never {
    throw new ErrorException($message, 0, $level);
});
spl_autoload_register(static function (string $name): void {
    require __DIR__ . '/' . str_replace('\\', '/', $name) . '.php';
});

final class HttpMixpanel
{
    public self $people;

    public function __construct(private readonly string $url)
    {
        $this->people = $this;
    }

    public function track(string $event, array $properties): void
    {
        $this->post('track', ['event' => $event, 'properties' => ['token' => 't', 'time' => time()] + $properties]);
    }

    public function enqueue(array $message): void
    {
        $this->post('engage', $message);
    }

    private function post(string $path, array $message): void
    {
        $body = json_encode([$message], JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION);
        $http = ['method' => 'POST', 'header' => 'content-type: application/json', 'content' => $body];
        $answer = file_get_contents("$this->url/$path", false, stream_context_create(['http' => $http]));
        if ($answer !== '1') {
            throw new RuntimeException("$path answered $answer");
        }
    }
}

$given = json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);
$user = $given['user'];
$recording = new Analytics\Recording();
$checking = new Analytics\Client(fn () => $recording, development: true);
$sink = new Analytics\MixpanelPhp(new HttpMixpanel($given['emulator']), 't');
$sending = new Analytics\Client(fn () => $sink);

$answers = [];
foreach ($given['cases'] as $index => $case) {
    $values = array_map(
        fn (mixed $value): mixed => is_array($value) && isset($value['$datetime']) ? new DateTimeImmutable($value['$datetime']) : $value,
        $case['values'],
    );
    try {
        $checking->{$case['method']}($user, ...$values);
        $sending->{$case['method']}($user, ...$values, insertId: "case-$index");
        $answers[] = null;
    } catch (Analytics\PlanViolation $violation) {
        $answers[] = strstr($violation->getMessage(), ':', true);
    } catch (TypeError | Error) {
        $answers[] = 'does-not-compile';
    }
}
$sending->setTheme($user, 'dark');

// What every client has to do, whatever the language.
$problems = [];
$production = new Analytics\Client(
    fn () => throw new RuntimeException('gone'),
    onProblem: function (string $id) use (&$problems): void {
        $problems[] = $id;
    },
);
$production->userSignsOut($user);
$production->userSignsOut('ada@example.com');
$production->valuesSent($user, percent: 101);
echo json_encode(['answers' => $answers, 'problems' => $sending->problemCount(), 'production' => $problems]);
