"""The commands, one file each; what they import besides the standard library they import when they run."""
