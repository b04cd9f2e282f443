<!doctype html>
<title>Forbidden</title>
<p>${request.identity.name | h} may not do this.</p>
