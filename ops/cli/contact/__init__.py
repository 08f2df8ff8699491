"""The first contact with a clinic's portal: carried out, shown, recorded."""
