"""What a browser calls itself, for people to read."""

# The first that fits counts.
PROGRAMS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def device_name(user_agent):
    """Name a browser and its system, say "Chrome on Linux"."""
    return f"{first(PROGRAMS, user_agent)} on {first(SYSTEMS, user_agent)}"


def first(names, text):
    return next((names[sign] for sign in names if sign in text), "unknown")
