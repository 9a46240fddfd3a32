<?php
// The router of PHP's own server.
if (parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) === '/login') {
    session_set_cookie_params(['httponly' => true, 'samesite' => 'Lax']);
    session_start();
    $_SESSION['learner'] = $_GET['learner'];
    $_SESSION['csrfToken'] = bin2hex(random_bytes(16));
    exit($_SESSION['csrfToken']);
}
require __DIR__ . '/progress.php';
