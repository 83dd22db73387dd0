"""Snow depth from passive microwave brightness temperature."""
