"""The OpenAPI 3.1 document of the API, made from the declarations as its reader may see them."""
