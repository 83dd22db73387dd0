"""What `icestream doctor` looks at, one file for each part."""
