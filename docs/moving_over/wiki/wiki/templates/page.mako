<!doctype html>
<title>${page.name | h}</title>
<h1>${page.name | h}</h1>
<p>${page.text | h}</p>
% if request.has_permission("edit"):
<p><a href="${request.route_path('edit', name=page.name) | h}">Edit</a></p>
% endif
% if request.is_authenticated:
<form id="logout" action="${request.route_path('logout') | h}" method="post">
  ${request.identity.name | h}
  <input type="hidden" name="csrf_token" value="${get_csrf_token() | h}">
  <button>Sign out</button>
</form>
% else:
<p><a href="${request.route_path('login') | h}">Sign in</a></p>
% endif
