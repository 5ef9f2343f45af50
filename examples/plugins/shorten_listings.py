"""A plugin that edits: long directory listings are cut to their first lines before they are ever sent.

Copy this file into the folder that `penstock plugins list` names, and start the proxy.
"""

from penstock import BlockKind, Draft, Profile, Stage, hookimpl

COMMANDS = ("ls", "find", "tree", "dir")


class ShortenListings(Stage):
    name = "shorten_listings"  # what the profile's list and the events call it

    def __init__(self, keep: int) -> None:
        self.keep = keep

    def on_request(self, draft: Draft) -> str | None:
        shortened = 0
        # Only results never sent before: shortening one of these costs no cache, and the edit lands at once.
        for spot in draft.blocks(BlockKind.TOOL_RESULT, new=True):
            call = draft.call(spot)  # the tool call this result answers; its text is the arguments as JSON
            lines = spot.text.splitlines()  # the client's: `draft.text(spot)` is what earlier stages left
            if call is None or not spot.is_editable or len(lines) <= self.keep:
                continue
            if not any(f'"{command} ' in call.text for command in COMMANDS):
                continue
            # An honest stub: what is missing, how much, and how to see it. The original is kept in the store.
            stub = f"[{len(lines) - self.keep} more of {len(lines)} lines left out; list a narrower folder to see them]"
            draft.replace(spot, "\n".join([*lines[: self.keep], stub]), reason="a long listing")
            shortened += 1
        return f"{shortened} listings" if shortened else "no long listing"  # shown as the reason


@hookimpl
def stages(profile: Profile) -> list[Stage]:
    # `[stage.shorten_listings] keep = 40` in a profile; 60 where it says nothing.
    return [ShortenListings(int(profile.settings_of("shorten_listings").get("keep", 60)))]
