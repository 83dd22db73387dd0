"""Daily snow cover without cloud gaps from optical sensors."""
