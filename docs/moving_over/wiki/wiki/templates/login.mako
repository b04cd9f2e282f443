<!doctype html>
<title>Sign in</title>
<p>${message | h}</p>
<form id="login" method="post">
  <input type="hidden" name="csrf_token" value="${get_csrf_token() | h}">
  <input type="hidden" name="next" value="${next_url | h}">
  <input name="name">
  <input name="password" type="password">
  <button>Sign in</button>
</form>
