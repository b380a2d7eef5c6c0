"""What goes in and out as JSON, as models: bodies strict and bounded, answers documented to the last member."""
