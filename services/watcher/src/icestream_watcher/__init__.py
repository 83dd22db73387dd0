"""The service that announces files once they have landed whole."""
