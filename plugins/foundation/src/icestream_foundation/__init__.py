"""Foundation products: undelivered intermediates that several families need."""
