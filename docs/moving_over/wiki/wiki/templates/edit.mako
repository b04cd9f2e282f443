<!doctype html>
<title>Edit ${name | h}</title>
<h1>Edit ${name | h}</h1>
<form id="edit" method="post">
  <input type="hidden" name="csrf_token" value="${get_csrf_token() | h}">
  <textarea name="text">${text | h}</textarea>
  <button>Save</button>
</form>
