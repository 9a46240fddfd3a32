<?php
// Serve /progress/… with this script. The login keeps $_SESSION['learner'] and $_SESSION['csrfToken'].

session_start();
[$learner, $csrfToken] = [$_SESSION['learner'] ?? '', $_SESSION['csrfToken'] ?? ''];
session_write_close(); // or each request would wait for the one before it

function refuse(int $status, string $why): never
{
    http_response_code($status);
    header('Content-Type: application/json');
    exit(json_encode(['detail' => $why]));
}

// v1/sync/events is left out: each stream would hold a process of the server.
$paths = ['/v1/progress', '/v1/progress/complete', '/v1/sync', '/v1/stats'];
[$path, $query] = explode('?', $_SERVER['REQUEST_URI'], 2) + [1 => ''];
$path = substr($path, strlen('/progress'));
$method = $_SERVER['REQUEST_METHOD'];
$longest = 256 * 1024;
$body = file_get_contents('php://input', false, null, 0, $longest + 1);

if (!in_array($path, $paths, true)) refuse(404, 'no such path');
if ($learner === '') refuse(401, 'log in first');
if (strlen($body) > $longest) refuse(413, 'too long');

// In the header or, since a beacon has none, in the body.
$token = $_SERVER['HTTP_X_CSRF_TOKEN'] ?? '';
if ($token === '') {
    $updates = json_decode($body, true);
    $token = $updates[0]['csrfToken'] ?? $updates['csrfToken'] ?? '';
}
if ($method !== 'GET' && ($csrfToken === '' || !is_string($token) || !hash_equals($csrfToken, $token))) {
    refuse(403, 'wrong CSRF token');
}

// Nothing of the browser's headers goes on but these. Learners' ids must be free of line breaks.
$headers = ["X-Progress-User: $learner"];
if (isset($_SERVER['CONTENT_TYPE'])) $headers[] = 'Content-Type: ' . $_SERVER['CONTENT_TYPE'];
if (isset($_SERVER['HTTP_PREFER'])) $headers[] = 'Prefer: ' . $_SERVER['HTTP_PREFER'];

// PHP sends the address of the sidecar as Host.
$answer = @file_get_contents(getenv('PROGRESS_SYNC_URL') . $path . '?' . $query, false, stream_context_create(['http' => [
    'method' => $method, 'header' => $headers, 'content' => $body,
    'timeout' => 35, 'ignore_errors' => true, 'follow_location' => 0,
]]));
if ($answer === false) {
    header('Retry-After: 5');
    refuse(503, 'the sidecar does not answer');
}
http_response_code((int) explode(' ', $http_response_header[0])[1]);
header_remove('Content-Type');
foreach ($http_response_header as $line) {
    if (preg_match('/^(Content-Type|Retry-After):/i', $line)) header($line);
}
echo $answer;
