"""The page of commands says what the commands say."""

from scripts.cli_reference import PAGE, text


def test_the_page_of_commands_is_up_to_date() -> None:
    assert PAGE.read_text() == text()
